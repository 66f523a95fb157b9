//! What the REST API tells of a job in the moment in which it ends.

use app::api::{JobKind, JobState};
use serde_json::json;
use server::studio::store::Ending;

use crate::sdapi::{draw, send};
use crate::support::{Setup, Site, darkroom, wait};

#[tokio::test]
async fn nothing_runs_any_more_once_a_job_has_ended() {
    let setup = Setup::idle();
    let web = setup.web();
    let (site, drawing) = (Site::of(web.clone()), Site::of(web));
    let body = json!({ "steps": 4, "force_task_id": "task(mine)" });
    let call = tokio::spawn(async move { draw(&drawing, &body).await });
    let told = async || site.get("/sdapi/v1/progress").await.json();
    let mine = async || {
        send(&site, "/internal/progress", &json!({ "id_task": "task(mine)" })).await.json()
    };
    wait(async || told().await["state"]["job_count"] == 1).await;

    // As the worker does it, up to the moment before it lets the job go.
    let studio = darkroom(&setup);
    let job = studio.store.claim(&[JobKind::Generate], "1-worker").unwrap().unwrap().id;
    studio.live.begin(job);
    studio.live.change(job, |running| {
        running.drawing.steps = 4;
        running.drawing.step = 4;
    });
    assert_eq!(told().await["progress"], 1.0);
    assert_eq!(mine().await["active"], true);
    let done = Ending { state: JobState::Done, message: None };
    studio.store.end(job, &done).unwrap();
    let (all, mine) = (told().await, mine().await);
    assert_eq!((&all["progress"], &all["state"]["job_count"]), (&json!(0.0), &json!(0)), "{all}");
    assert_eq!((&mine["active"], &mine["completed"]), (&json!(false), &json!(true)), "{mine}");
    studio.live.end(job);
    call.await.unwrap();
}
