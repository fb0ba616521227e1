// The canonical text of an event: one JSON object by RFC 8785 (JCS), flat, with ECS names; what the
// evidence ledger hashes and keeps. docs/evidence-format.md, "Leaf", is the specification.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "event/event_batch.h"

namespace mailvigil {

/// Appends the canonical text of `event` to `out`. The same event always gives the same bytes, and
/// decode_canonical() gives the event back.
void render_canonical(const Event& event, std::string& out);

/// Adds the event of a canonical text to `batch`, which must have room; its texts are copied into
/// the batch. Members that are in no row of fields.def are skipped: a later version wrote them.
/// What is accepted renders to the same bytes, but for those. Errors, which add nothing: unknown,
/// the class of the event; malformed, with the member and the place.
Result<void> decode_canonical(std::string_view text, EventBatch& batch);

}  // namespace mailvigil
