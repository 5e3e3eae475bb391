//! Owns how many instances may live at once: as many as the host's own bound says, and as the kernel's bound on memory maps
//! leaves room for. It refuses to know what an instance is for, and where it lives.

use std::fs::File;
use std::io::{self, Read as _};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::engine::Needs;
use crate::quota::Pool;

/// After so many instances the maps are counted again, though there were enough: what an instance gives back is not always as
/// much as the next one takes.
const RECOUNT: u64 = 4_096;

/// For so long a refusal holds without counting, which takes milliseconds where there are many maps.
const PAUSE: Duration = Duration::from_millis(100);

/// Why there is no room for another instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRoom {
    /// So many live, as the host's engine was told.
    Instances(u64),
    /// The process has so many of so many memory maps.
    Maps(u64, u64),
}

/// Lets instances begin.
pub(crate) struct Admission {
    live: Arc<Pool>,
    maps: &'static Maps,
}

/// The right of one instance to live.
pub(crate) struct Admitted {
    live: Arc<Pool>,
    maps: &'static Maps,
    needs: Needs,
    /// Where it has taken its places.
    places: Option<Arc<Pool>>,
}

impl Admission {
    /// Lets so many live at once.
    pub(crate) fn new(instances: u32) -> Self {
        Self { live: Arc::new(Pool::new(instances.into())), maps: &MAPS }
    }

    /// Lets one more begin.
    pub(crate) fn admit(&self, needs: Needs) -> Result<Admitted, NoRoom> {
        if !self.live.take(1) {
            return Err(NoRoom::Instances(self.live.limit()));
        }
        if let Err(full) = self.maps.take(needs.maps) {
            self.live.give_back(1);
            return Err(full);
        }
        Ok(Admitted { live: self.live.clone(), maps: self.maps, needs, places: None })
    }
}

impl Admitted {
    /// Takes its places of a pool until the instance ends; whether there were as many.
    pub(crate) fn take(&mut self, places: &Arc<Pool>) -> bool {
        let taken = places.take(self.needs.places);
        if taken {
            self.places = Some(places.clone());
        }
        taken
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        if let Some(places) = &self.places {
            places.give_back(self.needs.places);
        }
        self.maps.give_back(self.needs.maps);
        self.live.give_back(1);
    }
}

/// The memory maps of this process, which all of its hosts share.
static MAPS: LazyLock<Maps> = LazyLock::new(|| Maps::new(kernels_bound(), count));

/// How many maps there may be, and how many of them may be taken before they are counted again.
struct Maps {
    /// The kernel's bound, and the four fifths of it that instances may bring the process to: threads, allocators and libraries
    /// need some, and break where they get none.
    bound: u64,
    most: u64,
    count: fn() -> io::Result<u64>,
    left: Mutex<Left>,
}

#[derive(Default)]
struct Left {
    maps: u64,
    /// How many instances began since the maps were counted.
    began: u64,
    counted: Option<(Instant, u64)>,
}

impl Maps {
    /// Where the kernel has no such bound, there is none.
    fn new(bound: Option<u64>, count: fn() -> io::Result<u64>) -> Self {
        let bound = bound.unwrap_or(u64::MAX);
        Self { bound, most: bound / 5 * 4, count, left: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Left> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, maps: u64) -> Result<(), NoRoom> {
        if self.bound == u64::MAX {
            return Ok(());
        }
        let mut left = self.lock();
        if left.maps < maps || left.began >= RECOUNT {
            if let Some((at, used)) = left.counted
                && left.began < RECOUNT
                && used + maps > self.most
                && at.elapsed() < PAUSE
            {
                return Err(NoRoom::Maps(used, self.bound));
            }
            // What cannot be counted is no reason to refuse anybody: the kernel still has the last word.
            let Ok(used) = (self.count)() else { return Ok(()) };
            *left = Left { maps: self.most.saturating_sub(used), began: 0, counted: Some((Instant::now(), used)) };
            if left.maps < maps {
                return Err(NoRoom::Maps(used, self.bound));
            }
        }
        left.maps -= maps;
        left.began += 1;
        Ok(())
    }

    fn give_back(&self, maps: u64) {
        let mut left = self.lock();
        left.maps = left.maps.saturating_add(maps);
    }
}

fn kernels_bound() -> Option<u64> {
    std::fs::read_to_string("/proc/sys/vm/max_map_count").ok()?.trim().parse().ok()
}

/// How many maps the process has: a line each.
fn count() -> io::Result<u64> {
    let mut file = File::open("/proc/self/maps")?;
    let mut buffer = vec![0; 64 << 10];
    let mut lines = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(lines),
            read => lines += buffer[..read].iter().filter(|byte| **byte == b'\n').count() as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    const NEEDS: Needs = Needs { places: 2, maps: 6 };

    #[test]
    fn instances_are_let_in_while_the_maps_suffice() {
        // The guard: four fifths, less what the process has already.
        static USED: AtomicU64 = AtomicU64::new(400);
        let maps = Maps::new(Some(1_000), || Ok(USED.load(Ordering::Relaxed)));
        // Each takes four in fact.
        let began =
            (0..1_000).take_while(|_| maps.take(6).map(|()| USED.fetch_add(4, Ordering::Relaxed)).is_ok()).count();
        assert!((98..=100).contains(&began), "{began}");
        let used = USED.load(Ordering::Relaxed);
        assert_eq!(maps.take(6), Err(NoRoom::Maps(used, 1_000)));
        maps.give_back(6);
        assert_eq!(maps.take(6), Ok(()), "one that ended makes room for one");
        assert!(maps.take(6).is_err());
    }

    #[test]
    fn what_is_let_in_comes_back_whole() {
        let admission = Admission::new(2);
        let places = Arc::new(Pool::new(3));
        let mut one = admission.admit(NEEDS).ok().unwrap();
        let mut other = admission.admit(Needs { places: 1, ..NEEDS }).ok().unwrap();
        assert!(one.take(&places) && other.take(&places));
        assert_eq!(admission.admit(NEEDS).err(), Some(NoRoom::Instances(2)));
        drop(other);
        let mut third = admission.admit(NEEDS).ok().unwrap();
        assert!(!third.take(&places), "there is one place and it needs two");
        drop((one, third));
        assert_eq!((admission.live.used(), places.used()), (0, 0));
    }

    #[test]
    fn the_maps_of_this_process_are_counted() {
        let before = count().unwrap();
        assert!(before > 10);
        assert_eq!(kernels_bound().is_some_and(|bound| bound > before), cfg!(target_os = "linux"));
        let none = Maps::new(None, || unreachable!());
        none.take(6).unwrap();
        none.give_back(6);
    }
}
