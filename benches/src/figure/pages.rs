//! P6: pages in the order of the names.

use std::error::Error;
use std::hint::black_box;

use tenantry::CustomerFilter;

use super::{Figure, Goal, by_turns};
use crate::Options;
use crate::floor::{FloorStore, page};
use crate::world::World;

/// P6: one page of 50 in the order of the names, at four depths by turns. Floor: the same columns by the key.
pub(crate) fn page_at_any_depth(world: &World, options: &Options) -> Result<Figure, Box<dyn Error>> {
    let store = FloorStore::copy(world)?;
    let customers = world.staff.customers();
    // The pages that begin at the start, after a tenth, a half and nine tenths.
    let depths = [0, options.customers / 10, options.customers / 2, options.customers / 10 * 9];
    let mut places = vec![(CustomerFilter::new(), (String::new(), [0; 16]))];
    let (mut passed, mut after) = (0, None);
    for depth in depths.into_iter().skip(1).filter(|depth| *depth > 0) {
        while passed < depth {
            let mut filter = CustomerFilter::new().page_size(usize::try_from(depth - passed)?.min(1_000));
            filter.page.after = after;
            let found = customers.list(filter).wait()?;
            let last = found.items.last().ok_or("an empty page")?;
            passed += u64::try_from(found.items.len())?;
            let key = (last.name.to_lowercase(), *last.id.as_uuid().as_bytes());
            after = found.next;
            let Some(cursor) = after.clone() else { break };
            if passed == depth {
                places.push((CustomerFilter::new().after(cursor), key));
            }
        }
    }
    let (ours, floor) = by_turns(
        options.rounds,
        options.operations,
        &mut |operations| {
            for (_, (filter, _)) in (0..operations).zip(places.iter().cycle()) {
                black_box(customers.list(filter.clone()).wait()?);
            }
            Ok(())
        },
        &mut |operations| {
            for (_, (_, (name, id))) in (0..operations).zip(places.iter().cycle()) {
                black_box(page(&store, world, name, *id)?);
            }
            Ok(())
        },
    )?;
    Ok(Figure::new("P6", "page_at_any_depth", (ours, floor), Goal::Ratio(1.5)))
}
