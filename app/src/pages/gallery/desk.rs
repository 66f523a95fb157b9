//! What the parts of the Gallery share, and what can be done with its pictures.

use std::ops::Range;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::lattice::Lattice;
use super::search::{self, Search};
use super::shelf::Shelf;
use super::tile::focus_tile;
use super::undo::focus_undo;
use crate::api::{
    ApiError, Deletion, GalleryImage, GalleryPage, GalleryQuery, ImageId, delete_images,
    fetch_gallery, restore_deletions,
};
use crate::components::form_fault::FormFault;
use crate::components::selection::Selection;
use crate::components::star::star;
use crate::live::Live;

#[derive(Clone, Copy)]
pub struct Desk {
    pub search: Search,
    pub fault: FormFault,
    /// What is half typed, which the server does not hear of.
    pub half: FormFault,
    pub models: RwSignal<Vec<String>>,
    pub shelf: RwSignal<Shelf>,
    /// How the wall lies on the screen; not known before the page has been measured.
    pub lattice: RwSignal<Option<Lattice>>,
    pub selection: Selection,
    /// The place that the keyboard stands at.
    pub cursor: RwSignal<u64>,
    /// The place of the picture that is enlarged.
    pub enlarged: RwSignal<Option<usize>>,
    /// What was deleted last and can be brought back.
    pub deletion: RwSignal<Option<Deletion>>,
    /// Whether that was done a moment ago, on this page.
    pub just_deleted: RwSignal<bool>,
    /// Places that the server showed before the page was measured.
    first: StoredValue<Range<u64>>,
    /// What is on show was looked for with this.
    query: RwSignal<GalleryQuery>,
    fetching: StoredValue<bool>,
}

impl Desk {
    pub fn new(query: GalleryQuery, page: GalleryPage, fault: Option<ApiError>) -> Self {
        Self {
            search: Search::new(&query),
            fault: FormFault::new(fault),
            half: FormFault::new(None),
            models: RwSignal::new(page.models.clone()),
            first: StoredValue::new(page.offset..page.offset + page.images.len() as u64),
            cursor: RwSignal::new(page.offset),
            deletion: RwSignal::new(page.last_deletion),
            just_deleted: RwSignal::new(false),
            shelf: RwSignal::new(Shelf::new(page)),
            lattice: RwSignal::new(None),
            selection: Selection::default(),
            enlarged: RwSignal::new(None),
            query: RwSignal::new(query),
            fetching: StoredValue::new(false),
        }
    }

    pub fn total(self) -> u64 {
        self.shelf.with(Shelf::total)
    }

    pub fn picture(self, place: u64) -> Option<GalleryImage> {
        self.shelf.with(|shelf| shelf.get(place).cloned())
    }

    /// Places whose pictures are to be in the document.
    pub fn near(self) -> Range<u64> {
        let total = self.total();
        self.lattice.get().map_or_else(|| self.first.get_value(), |lattice| lattice.near(total))
    }

    /// The place that the Tab key comes to: the cursor, or else the first in view.
    pub fn tab_stop(self) -> u64 {
        let (total, cursor) = (self.total(), self.cursor.get());
        let start = |lattice: Lattice| lattice.in_view(total).start;
        match self.near().contains(&cursor) {
            true => cursor,
            false => self.lattice.get().map_or_else(|| self.first.get_value().start, start),
        }
    }

    /// What is selected, or `image` alone if nothing is.
    pub fn chosen_or(self, image: ImageId) -> Vec<ImageId> {
        match self.selection.is_empty() {
            true => vec![image],
            false => self.selection.all(),
        }
    }

    /// Whether the search that is on show looks for anything.
    pub fn seeks(self) -> bool {
        self.query.with(search::seeks)
    }

    /// Whether what is typed cannot be looked for.
    pub fn is_refused(self) -> bool {
        self.fault.is_at(search::FIELDS)
    }

    /// The address of what is on show, from the first picture in view.
    pub fn address(self) -> String {
        let total = self.total();
        let first = self.lattice.get().map_or(0, |lattice| lattice.in_view(total).start);
        search::address(&GalleryQuery { offset: first, ..self.query.get() })
    }

    /// Looks for what is typed. What was found before stays until there is an answer.
    pub fn look(self, query: GalleryQuery) {
        spawn_local(async move {
            let answer = fetch_gallery(query.clone()).await;
            // An answer that comes late is not to what is typed by now.
            if untrack(|| self.search.typed()) != query {
                return;
            }
            match answer {
                Ok(page) => {
                    self.query.set(query);
                    self.selection.clear();
                    self.cursor.set(0);
                    self.put_first(page);
                }
                Err(error) => self.fault.set(error),
            }
        });
    }

    fn put_first(self, page: GalleryPage) {
        self.fault.clear();
        self.models.set(page.models.clone());
        self.deletion.set(page.last_deletion);
        self.shelf.set(Shelf::new(page));
    }

    /// Asks for stretches, one after the other, until all that is near is here.
    pub fn fetch_missing(self) {
        if self.fetching.get_value() {
            return;
        }
        self.fetching.set_value(true);
        spawn_local(async move {
            while let Some((offset, limit)) = untrack(|| self.missing()) {
                if self.fetch(offset, limit).await.is_none() {
                    break;
                }
            }
            self.fetching.set_value(false);
        });
    }

    fn missing(self) -> Option<(u64, u64)> {
        let near = self.near();
        let enlarged = self.enlarged.get().map(|place| place as u64);
        self.shelf.with(|shelf| {
            let enlarged = enlarged.and_then(|place| shelf.missing(place..place + 1));
            enlarged.or_else(|| shelf.missing(near))
        })
    }

    /// `None` if no answer came.
    async fn fetch(self, offset: u64, limit: u64) -> Option<()> {
        let query = self.query.get_untracked();
        match fetch_gallery(GalleryQuery { offset, limit, ..query.clone() }).await {
            // A stretch that could not be read is not asked for again and again.
            Ok(page) if page.images.is_empty() && page.total > offset => None,
            Ok(page) => {
                if self.query.with_untracked(|now| *now == query) {
                    self.shelf.update(|shelf| shelf.put(page));
                }
                Some(())
            }
            Err(error) => {
                self.fault.set(error);
                None
            }
        }
    }

    /// Asks anew for what is in view; it stays until there is an answer.
    pub async fn refresh(self) {
        let near = untrack(|| self.near());
        let limit = (near.end - near.start).max(1);
        let query = self.query.get_untracked();
        match fetch_gallery(GalleryQuery { offset: near.start, limit, ..query.clone() }).await {
            Ok(page) if self.query.with_untracked(|now| *now == query) => self.put_first(page),
            Ok(_) => {}
            Err(error) => self.fault.set(error),
        }
    }

    pub fn star(self, image: ImageId, starred: bool) {
        star(image, starred, self.fault, move |starred| self.mark(image, starred));
    }

    fn mark(self, image: ImageId, starred: bool) {
        self.shelf.update(|shelf| {
            if let Some(picture) = shelf.by_id(image) {
                picture.image.starred = starred;
            }
        });
    }

    /// Takes pictures away; they can be brought back.
    pub fn delete(self, images: Vec<ImageId>) {
        spawn_local(async move {
            match delete_images(numbers(&images)).await {
                Ok(()) => {
                    self.selection.clear();
                    self.refresh().await;
                    self.just_deleted.set(true);
                    self.leave_the_end();
                    self.catch_focus();
                }
                Err(error) => self.fault.set(error),
            }
        });
    }

    /// The picture that was enlarged or stood at may have been the last.
    fn leave_the_end(self) {
        let last = self.shelf.with_untracked(Shelf::total).checked_sub(1);
        self.enlarged.update(|place| {
            *place = last.and_then(|last| place.map(|place| place.min(last as usize)));
        });
        self.cursor.update(|place| *place = (*place).min(last.unwrap_or(0)));
    }

    /// Brings back what was deleted last.
    pub fn undo(self) {
        let Some(Deletion { moment, .. }) = self.deletion.get_untracked() else { return };
        spawn_local(async move {
            let restored = restore_deletions(moment, moment).await;
            self.just_deleted.set(false);
            self.refresh().await;
            self.catch_focus();
            if let Err(error) = restored {
                self.fault.set(error);
            }
        });
    }

    /// What had the focus may be gone: then the picture that the keyboard stands at has it, or where there
    /// is none, the way back.
    fn catch_focus(self) {
        // By then the pictures are in the document, and what is closed has given the focus back.
        request_animation_frame(move || {
            if document().active_element() != document().body().map(Into::into) {
                return;
            }
            if focus_tile(untrack(|| self.tab_stop())).is_none() {
                focus_undo();
            }
        });
    }

    /// Selects all pictures at `places`; those that are not here are asked for.
    pub fn select(self, places: Range<u64>) {
        spawn_local(async move {
            while let Some((offset, _)) =
                self.shelf.with_untracked(|shelf| shelf.missing(places.clone()))
            {
                if self.fetch(offset, places.end - offset).await.is_none() {
                    break;
                }
            }
            self.shelf.with_untracked(|shelf| self.selection.add(shelf.ids(places)));
        });
    }
}

/// Pictures as server functions and forms name them.
pub fn numbers(images: &[ImageId]) -> String {
    images.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// When more has been drawn, and the newest are in view, shows it.
pub fn follow_server(desk: Desk, live: Live) {
    let drawn = Memo::new(move |_| {
        live.generation.with(|view| view.as_ref().map(|view| (view.job.id, view.images.len())))
    });
    Effect::new(move |before: Option<()>| {
        drawn.get();
        live.missed.track();
        let total = untrack(|| desk.total());
        let at_top =
            |lattice: &Option<Lattice>| lattice.is_none_or(|l| l.in_view(total).start == 0);
        let busy = desk.enlarged.with_untracked(Option::is_some);
        if before.is_some() && !busy && desk.lattice.with_untracked(at_top) {
            spawn_local(desk.refresh());
        }
    });
}
