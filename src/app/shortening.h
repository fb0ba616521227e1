// Shortening: an event that is too large for one leaf loses the ends of its longest lists and
// texts, and says so, rather than being lost as a whole.
#pragma once

#include <cstddef>

#include "base/arena.h"
#include "event/event.h"

namespace mailvigil::app {

/// Whether the canonical text of `event` is surely at most `bytes_max` long; cheap, and errs on the
/// side of no.
bool surely_fits(const Event& event, std::size_t bytes_max);

/// Shortens `event` until its canonical text is at most `bytes_max` long. What is put in its place
/// lives in `arena`.
void shorten(Event& event, std::size_t bytes_max, Arena& arena);

/// Whether a text of a list stands for what shorten() took away. A name that looks like that is
/// taken for it, too.
[[nodiscard]] bool is_shortened(std::string_view text);

}  // namespace mailvigil::app
