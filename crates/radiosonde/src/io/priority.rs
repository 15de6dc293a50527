//! Who has a processor first: what is sent can wait, requests cannot.

use std::thread;

/// Lets others run that wait for this processor.
pub(crate) fn give_way() {
    thread::yield_now();
}

/// Has this thread run when nobody else in its control group wants its processor, from now on and for as long as it lasts: whoever wakes up
/// does not wait for it, and beside others that are never idle it has hardly anything. Returns whether it is so: where Linux does not
/// allow it, and elsewhere, threads share as they come.
#[cfg(feature = "sentry")]
pub(crate) fn come_last() -> bool {
    #[cfg(target_os = "linux")]
    {
        use thread_priority::{
            NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy,
            set_thread_priority_and_policy, thread_native_id,
        };

        let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
        let allowed = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle);
        // Whoever waits already would do so until the next tick of Linux, for a millisecond or more.
        give_way();
        allowed.is_ok()
    }
    #[cfg(not(target_os = "linux"))]
    false
}

#[cfg(test)]
#[cfg(all(feature = "sentry", target_os = "linux"))]
mod tests {
    use super::*;

    /// Reads how Linux schedules this thread.
    fn policy() -> u32 {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        // Behind the name, which may be anything in brackets.
        let (_, fields) = stat.rsplit_once(')').unwrap();
        fields.split_whitespace().nth(38).unwrap().parse().unwrap()
    }

    #[test]
    fn a_thread_that_comes_last_does_so_alone() {
        let before = policy();
        let last = thread::spawn(|| {
            let allowed = come_last();
            (allowed, policy())
        });
        let (allowed, policy_then) = last.join().unwrap();
        // A sandbox may refuse it.
        assert_eq!(policy_then, if allowed { SCHED_IDLE } else { before });
        assert_eq!(policy(), before);
    }

    /// What `sched.h` calls it.
    const SCHED_IDLE: u32 = 5;
}
