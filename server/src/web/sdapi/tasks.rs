//! The generations that came through the API: whose progress is told and which an interrupt stops.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use app::api::JobId;

use crate::studio::calendar;
use crate::studio::live::LiveJobs;

/// Finished tasks whose names are still known.
const REMEMBERED: usize = 32;

/// One call that draws.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    pub job: JobId,
    /// The name that the client gave it, or one of ours.
    pub name: String,
    /// `txt2img` or `img2img`.
    pub call: &'static str,
    pub batches: usize,
    /// When it was asked for, as A1111 writes it.
    pub stamp: String,
    pub over: bool,
}

/// All of them in the order they came.
#[derive(Default)]
pub struct Tasks {
    tasks: Mutex<VecDeque<Task>>,
    /// Those whose pictures are still to be sent.
    unanswered: Mutex<HashSet<JobId>>,
}

impl Tasks {
    /// Knows the job that `enqueue` puts into the queue as soon as anybody sees it there: a worker may
    /// take it before this returns.
    pub fn begin<E>(
        &self,
        name: Option<String>,
        call: &'static str,
        batches: usize,
        enqueue: impl FnOnce() -> Result<JobId, E>,
    ) -> Result<JobId, E> {
        let (mut tasks, mut unanswered) = (self.lock(), self.unanswered());
        let job = enqueue()?;
        let name = name.unwrap_or_else(|| format!("task({call}-{job})"));
        let task = Task { job, name, call, batches, stamp: calendar::stamp(), over: false };
        tasks.push_back(task);
        unanswered.insert(job);
        Ok(job)
    }

    pub fn end(&self, job: JobId) {
        let mut tasks = self.lock();
        tasks.iter_mut().filter(|task| task.job == job).for_each(|task| task.over = true);
        let over = tasks.iter().filter(|task| task.over).count();
        let mut surplus = over.saturating_sub(REMEMBERED);
        tasks.retain(|task| {
            let goes = task.over && surplus > 0;
            surplus -= usize::from(goes);
            !goes
        });
    }

    /// The one that is drawn right now.
    pub fn running(&self, live: &LiveJobs) -> Option<Task> {
        self.open().into_iter().find(|task| live.get(task.job).is_some())
    }

    /// Those that wait or are drawn.
    pub fn open(&self) -> Vec<Task> {
        self.lock().iter().filter(|task| !task.over).cloned().collect()
    }

    pub fn named(&self, name: &str) -> Option<Task> {
        self.lock().iter().rev().find(|task| task.name == name).cloned()
    }

    /// Notes that the pictures of `job` are on their way to whoever asked for them.
    pub fn answer(&self, job: JobId) {
        self.unanswered().remove(&job);
    }

    pub fn is_unanswered(&self, job: JobId) -> bool {
        self.unanswered().contains(&job)
    }

    fn unanswered(&self) -> MutexGuard<'_, HashSet<JobId>> {
        self.unanswered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Task>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_tasks_stay_and_old_ones_are_forgotten() {
        let tasks = Tasks::default();
        let begin = |job, name: Option<&str>| {
            tasks.begin(name.map(str::to_owned), "img2img", 1, || Ok::<_, ()>(job)).unwrap();
        };
        begin(0, Some("mine"));
        for job in 1..100 {
            begin(job, None);
            tasks.end(job);
        }
        assert_eq!(tasks.open().len(), 1);
        assert_eq!(tasks.named("mine").map(|task| task.job), Some(0));
        assert!(tasks.named("task(img2img-99)").is_some_and(|task| task.over));
        assert_eq!(tasks.named("task(img2img-1)"), None);
        tasks.answer(1);
        assert!(!tasks.is_unanswered(1) && tasks.is_unanswered(2));
        assert_eq!(tasks.begin(None, "txt2img", 1, || Err("no room")), Err("no room"));
        assert_eq!(tasks.open().len(), 1);
    }
}
