//! What may ask a cluster.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext, StreamConsumer};
use rdkafka::error::KafkaResult;
use rdkafka::metadata::Metadata;
use rdkafka::producer::{
    BaseProducer, FutureProducer, Partitioner, Producer as _, ProducerContext, ThreadedProducer,
};
use rdkafka::util::AsyncRuntime;

/// A client of `rdkafka`: a [`FutureProducer`], a [`StreamConsumer`], the other producers and consumers, and an [`Arc`] of any.
///
/// It is not for others to implement.
pub trait Client: sealed::Sealed {
    #[doc(hidden)]
    fn metadata(&self, topic: &str, timeout: Duration) -> KafkaResult<Metadata>;
}

macro_rules! clients {
    ($($client:ty, [$($parameter:ident: ($($bounds:tt)*)),*];)*) => {$(
        impl<$($parameter: $($bounds)*),*> sealed::Sealed for $client {}

        impl<$($parameter: $($bounds)*),*> Client for $client {
            fn metadata(&self, topic: &str, timeout: Duration) -> KafkaResult<Metadata> {
                self.client().fetch_metadata(Some(topic), timeout)
            }
        }
    )*};
}

clients! {
    BaseConsumer<C>, [C: (ConsumerContext)];
    StreamConsumer<C, R>, [C: (ConsumerContext), R: (AsyncRuntime)];
    BaseProducer<C, P>, [C: (ProducerContext<P>), P: (Partitioner)];
    ThreadedProducer<C, P>, [C: (ProducerContext<P> + 'static), P: (Partitioner)];
    FutureProducer<C, R, P>, [C: (ClientContext + 'static), R: (AsyncRuntime), P: (Partitioner)];
}

impl<T: Client> sealed::Sealed for Arc<T> {}

impl<T: Client> Client for Arc<T> {
    fn metadata(&self, topic: &str, timeout: Duration) -> KafkaResult<Metadata> {
        T::metadata(self, topic, timeout)
    }
}

mod sealed {
    #[expect(unnameable_types, reason = "nobody else implements it")]
    pub trait Sealed {}
}
