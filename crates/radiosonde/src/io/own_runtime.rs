//! A runtime that is no part of the host's.

use std::future::Future;
use std::io;

use tokio::runtime::{Builder, Handle, Runtime};

/// A runtime for a thread of ours. It ends without waiting, wherever it is dropped: within the host's runtime as well, where
/// Tokio panics when a runtime is dropped as it is.
#[derive(Debug)]
pub(crate) struct OwnRuntime {
    handle: Handle,
    /// There until it is dropped.
    runtime: Option<Runtime>,
}

impl OwnRuntime {
    /// Makes one.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system when there can be no reactor.
    pub(crate) fn new(builder: &mut Builder) -> io::Result<Self> {
        let runtime = builder.build()?;
        Ok(Self {
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
        })
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Works on this thread until the future is complete, and ends.
    pub(crate) fn block_on(self, future: impl Future<Output = ()>) {
        if let Some(runtime) = &self.runtime {
            runtime.block_on(future);
        }
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_may_be_dropped_within_another() {
        let own = OwnRuntime::new(Builder::new_current_thread().enable_all()).unwrap();
        own.handle().spawn(std::future::pending::<()>());
        drop(own);
    }
}
