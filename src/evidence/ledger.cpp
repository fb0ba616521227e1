#include "evidence/ledger.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/base64.h"
#include "event/canonical.h"
#include "evidence/ledger_state.h"
#include "evidence/retention.h"

namespace mailvigil::evidence {

void GrowingTree::append(const Hash& leaf) {
    partial.push_back(leaf);
    if (partial.size() < kBlockLeaves) {
        return;
    }
    for (std::size_t count = partial.size(); count > 1; count /= 2) {
        for (std::size_t i = 0; i < count / 2; ++i) {
            partial[i] = node_hash(partial[2 * i], partial[2 * i + 1]);
        }
    }
    blocks.append_subtree(kBlockLevel, partial.front());
    roots.bytes += as_text(partial.front());
    partial.clear();
}

TreeHead GrowingTree::head() const {
    Frontier whole = blocks;
    for (const Hash& leaf : partial) {
        whole.append(leaf);
    }
    return {whole.size(), whole.root()};
}

Ledger::Ledger(std::unique_ptr<State> state) : state_(std::move(state)) {}

Ledger::~Ledger() = default;

std::uint64_t Ledger::size() const {
    return state_->tree.blocks.size() + state_->tree.partial.size();
}

const Checkpoint& Ledger::sealed() const {
    return state_->sealed;
}

const VerifierKey& Ledger::log_key() const {
    return state_->keys->log().verifier();
}

const VerifierKey& Ledger::epoch_key() const {
    return state_->keys->epoch().verifier();
}

const LedgerHealth& Ledger::health() const {
    return state_->health;
}

std::uint64_t Ledger::durable() const {
    return state_->segments->durable();
}

Position Ledger::position() const {
    return state_->segments->position();
}

bool Ledger::State::take(std::uint64_t& leaf, const Event& event) {
    canonical.clear();
    render_canonical(event, canonical);
    if (canonical.size() > kLeafBytesMax || !segments->append(canonical)) {
        return false;
    }
    leaf = tree.blocks.size() + tree.partial.size();
    tree.append(leaf_hash(canonical));
    ++counts[static_cast<std::size_t>(event.event_class)];
    ++health.appended;
    return true;
}

std::optional<std::uint64_t> Ledger::append(const Event& event, Timestamp now) {
    std::uint64_t leaf = 0;
    State& state = *state_;
    if (!state.take(leaf, event)) {
        ++state.health.lost;
        state.lost_first = state.lost_untold++ == 0 ? event.time : state.lost_first;
        state.lost_last = std::max(state.lost_last, event.time);
        return std::nullopt;
    }
    if (!state.waiting_since) {
        state.waiting_since = now;
    }
    if (on_append) {
        on_append(leaf, event);
    }
    return leaf;
}

Result<void> Ledger::State::commit() {
    const Result<void> written = segments->commit(tree.roots);
    if (!written) {
        health.stalled = written.error().message;
        return written;
    }
    health.stalled.reset();
    waiting_since.reset();
    return {};
}

Result<std::uint64_t> Ledger::commit() {
    State& state = *state_;
    TRY(state.commit());
    if (state.lost_untold > 0) {
        // There is room again: what found none is told.
        Event gap;
        gap.reset(EventClass::gap, state.lost_last);
        gap.set_event_action("telemetry-gap");
        gap.set_host_name(state.options.host);
        gap.set_gap_reason("records found no room while the evidence could not be written");
        gap.set_gap_lost(state.lost_untold);
        gap.set_gap_start(state.lost_first);
        gap.set_gap_end(state.lost_last);
        if (append(gap, state.lost_last)) {
            state.lost_untold = 0;
            TRY(state.commit());
        }
    }
    return state.segments->durable();
}

Result<void> Ledger::tend(Timestamp now) {
    State& state = *state_;
    // A clock that was set back must not put seals off.
    if (now < state.last_seal || now - state.last_seal >= state.options.heartbeat) {
        TRY(seal(now));
        return {};
    }
    if (state.waiting_since &&
        (now < *state.waiting_since || now - *state.waiting_since >= state.options.commit_within)) {
        TRY(commit());
    }
    return {};
}

Result<Checkpoint> Ledger::seal(Timestamp now) {
    State& state = *state_;
    TRY(rotate_keys(now));
    Event heartbeat;
    heartbeat.reset(EventClass::ledger, now);
    if (now < state.last_seal) {
        heartbeat.set_message("the clock was set back since the seal before");
    }
    return seal_with(SealAction::heartbeat, heartbeat, now);
}

Result<void> Ledger::rotate_keys(Timestamp now) {
    State& state = *state_;
    // A checkpoint that failed must be gone before the key that its seal named is replaced.
    TRY(state.checkpoints->make_whole());
    // A rotation whose seal was signed is finished before anything else is signed.
    if (state.rotation_signed) {
        TRY(state.keys->finish_rotation());
        state.rotation_signed = false;
    }
    if (day_of(now) <= state.keys->epoch_day()) {
        return {};
    }
    const std::string vkey = render(TRY(state.keys->prepare_rotation(day_of(now))));
    Event event;
    event.reset(EventClass::ledger, now);
    event.set_ledger_vkey(vkey);
    TRY(seal_with(SealAction::key, event, now));
    state.rotation_signed = true;
    TRY(state.keys->finish_rotation());
    state.rotation_signed = false;
    return {};
}

Result<Checkpoint> Ledger::seal_with(SealAction action, Event& event, Timestamp now) {
    State& state = *state_;
    event.set_event_action(to_text(action));
    event.set_host_name(state.options.host);
    const std::string root = render_base64(as_text(state.sealed.head.root));
    if (action != SealAction::genesis) {
        event.set_ledger_size(state.sealed.head.size);
        event.set_ledger_root(root);
    }
    TRY(state.checkpoints->make_whole());
    if (const Result<void> sealing = state.segments->sealing_failure(); !sealing) {
        state.health.uncompressed = sealing.error().message;
    }
    const std::string trouble = fmt::format("a closed segment is not compressed: {}",
                                            state.health.uncompressed.value_or(""));
    if (state.health.uncompressed && !event.has(Field::message)) {
        event.set_message(trouble);
    }
    // What waits goes first, so that a full disk can't fill the queue with seals; a gap leaf
    // that comes with it is counted.
    TRY(commit());
    std::vector<std::string> counts;
    for (std::size_t i = 0; i < kClasses; ++i) {
        if (state.counts[i] > 0) {
            counts.push_back(
                fmt::format("{}={}", to_text(static_cast<EventClass>(i)), state.counts[i]));
        }
    }
    const std::vector<std::string_view> views(counts.begin(), counts.end());
    event.set_ledger_counts(views);
    if (!append(event, now)) {
        return fail(ErrorCode::unwritable, "the seal found no room");
    }
    state.counts = {};
    TRY(state.commit());
    state.last_seal = now;
    Checkpoint checkpoint = make_checkpoint(state.sealed.origin, state.tree.head());
    TRY(sign(checkpoint.note, state.keys->log()));
    TRY(sign(checkpoint.note, state.keys->epoch()));
    if (const Result<void> added = state.checkpoints->add(checkpoint); !added) {
        state.health.stalled = added.error().message;
        return std::unexpected(added.error());
    }
    state.sealed = std::move(checkpoint);
    // It is on disk in `checkpoints`: that `checkpoint` lags behind is no failure of the seal, and
    // the next one mends it.
    if (const Result<void> shown = state.checkpoints->show(); !shown) {
        state.health.stalled = shown.error().message;
    }
    return state.sealed;
}

Result<void> Ledger::add_cosignatures(const Checkpoint& cosigned) {
    State& state = *state_;
    if (cosigned.origin != state.sealed.origin || cosigned.head.size > state.sealed.head.size) {
        return fail(ErrorCode::malformed, "the cosigned checkpoint is not of this ledger");
    }
    // Only the newest can gain signatures: `checkpoints` never goes back.
    if (cosigned.head != state.sealed.head) {
        return fail(ErrorCode::limit,
                    "the ledger was sealed again meanwhile; have the newest checkpoint cosigned");
    }
    Checkpoint merged = state.sealed;
    for (const NoteSignature& signature : cosigned.note.signatures) {
        if (std::ranges::find(merged.note.signatures, signature) == merged.note.signatures.end()) {
            merged.note.signatures.push_back(signature);
        }
    }
    TRY(state.checkpoints->add(merged));
    state.sealed = std::move(merged);
    return state.checkpoints->show();
}

Result<std::uint64_t> Ledger::prune(std::uint64_t first, std::string_view reason, Timestamp now) {
    State& state = *state_;
    const std::uint64_t stays = TRY(first_to_keep(state.disk, state.layout, first));
    if (stays == TRY(first_present(state.disk, state.layout))) {
        return stays;
    }
    // What could not be compressed can be removed all the same.
    if (const Result<void> sealed = state.segments->finish_sealing(); !sealed) {
        state.health.uncompressed = sealed.error().message;
    }
    TRY(rotate_keys(now));
    Event event;
    event.reset(EventClass::ledger, now);
    event.set_ledger_first(stays);
    // What stays must tell which numbers were given.
    if (const std::uint64_t incident =
            TRY(highest_incident_before(state.disk, state.layout, stays));
        incident > 0) {
        event.set_finding_incident(incident);
    }
    event.set_event_reason(reason);
    TRY(seal_with(SealAction::prune, event, now));
    TRY(remove_before(state.disk, state.layout, stays));
    return stays;
}

Result<void> Ledger::close(Timestamp now) {
    State& state = *state_;
    TRY(rotate_keys(now));
    Event stop;
    stop.reset(EventClass::ledger, now);
    TRY(seal_with(SealAction::stop, stop, now));
    // All is sealed. What is not compressed yet the next writer compresses.
    if (const Result<void> sealed = state.segments->finish_sealing(); !sealed) {
        state.health.uncompressed = sealed.error().message;
    }
    state.lock.reset();
    return {};
}

}  // namespace mailvigil::evidence
