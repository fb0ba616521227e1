// The questions: what the index has, then the ledger's end.
#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>
#include <utility>

#include "evidence/index.h"
#include "evidence/index/state.h"
#include "evidence/index/tail.h"
#include "evidence/layout.h"

namespace mailvigil::evidence {

namespace {

using index::AccessNumber;
using index::AccessText;
using index::Chunk;
using index::Entry;
using index::PackedAccess;
using index::TextId;

/// One view of the file for the whole question, however much a writer adds meanwhile.
struct Snapshot {
    std::optional<index::Transaction> transaction;
    index::Reach reach;

    /// First leaf that may be told.
    std::uint64_t first = 0;
};

template <class State>
Result<Snapshot> look(State& state, const LedgerReader& ledger) {
    Snapshot snapshot;
    if (state.file) {
        snapshot.transaction.emplace(
            TRY(index::Transaction::begin(state.file->database, index::Database::Mode::read)));
        snapshot.reach = TRY(state.file->entries.reach());
        if (state.mode == Index::Mode::read && snapshot.reach.is_foreign_to(ledger.origin())) {
            // As if there were none: the ledger answers.
            snapshot.transaction.reset();
            snapshot.reach = {};
            state.file.reset();
        }
        if (state.mode == Index::Mode::read) {
            state.reach = snapshot.reach;
        }
    }
    snapshot.first = std::max(snapshot.reach.first, ledger.first());
    return snapshot;
}

template <class State>
Result<std::vector<Chunk>> chunks_of(State& state, std::uint64_t first, const TimeSpan& span) {
    return state.file ? state.file->chunks.chunks(first, span) : std::vector<Chunk>();
}

/// The ledger's end, leaves with one of the marks only.
Result<void> visit_tail(LedgerReader& ledger,
                        const Snapshot& snapshot,
                        const std::vector<std::string>& marks,
                        const std::function<bool(std::uint64_t, const Event&)>& visit) {
    const auto wanted = [&](std::string_view leaf) {
        return marks.empty() || std::ranges::any_of(marks, [&](const std::string& mark) {
                   return index::has_mark(leaf, mark);
               });
    };
    TRY(index::read_tail(
        ledger, snapshot.reach, wanted, [&](std::uint64_t leaf, const Event* event) {
            return leaf < snapshot.first || event == nullptr || visit(leaf, *event);
        }));
    return {};
}

/// Visits the tail's leaves that are no accesses.
Result<void> visit_tail_entries(LedgerReader& ledger,
                                const Snapshot& snapshot,
                                const std::function<void(Entry&&)>& visit) {
    const std::string access = index::mark_of_access();
    TRY(index::read_tail(
        ledger,
        snapshot.reach,
        [&](std::string_view leaf) { return !index::has_mark(leaf, access); },
        [&](std::uint64_t leaf, const Event* event) {
            if (leaf >= snapshot.first && event != nullptr &&
                event->event_class != EventClass::access) {
                visit(index::entry_of(leaf, *event));
            }
            return true;
        }));
    return {};
}

/// Tells accesses in the order of their first time, though they come chunk by chunk.
class AccessTeller {
  public:
    AccessTeller(index::ChunkStore* chunks, const std::function<void(const AccessRow&)>& visit)
        : chunks_(chunks), visit_(visit) {}

    index::TextPool pool{index::kOwnTexts};  ///< texts that are not in the file
    std::vector<PackedAccess> waiting;

    /// Tells those whose first time is before `limit`; absent: all.
    Result<void> tell(std::optional<std::int64_t> limit);

  private:
    Result<AccessRow> row_of(const PackedAccess& access);
    Result<std::string_view> text_of(const PackedAccess& access, AccessText text);

    struct Known {
        TextId id = 0;
        std::string_view text;
    };

    index::ChunkStore* chunks_;
    const std::function<void(const AccessRow&)>& visit_;
    std::array<Known, index::kAccessTexts> known_;  ///< of the row before: often the same
    std::vector<std::tuple<std::int64_t, std::uint64_t, std::size_t>> order_;
};

Result<std::string_view> AccessTeller::text_of(const PackedAccess& access, AccessText text) {
    const TextId id = access.texts[std::to_underlying(text)];
    Known& known = known_[std::to_underlying(text)];
    if (known.id != id) {
        known.text = id >= index::kOwnTexts ? pool.text(id) : TRY(chunks_->text(id));
        known.id = id;
    }
    return known.text;
}

Result<AccessRow> AccessTeller::row_of(const PackedAccess& access) {
    const auto number = [&](AccessNumber name) {
        const auto place = std::to_underlying(name);
        return (access.present >> place & 1U) != 0 ? std::optional(access.numbers[place])
                                                   : std::nullopt;
    };
    return AccessRow{
        .leaf = access.leaf,
        .first = Timestamp(std::chrono::nanoseconds(access.first)),
        .last = Timestamp(std::chrono::nanoseconds(access.last)),
        .host = TRY(text_of(access, AccessText::host)),
        .mailbox = TRY(text_of(access, AccessText::mailbox)),
        .access_class = TRY(text_of(access, AccessText::access_class)),
        .verdict = TRY(text_of(access, AccessText::verdict)),
        .reason = TRY(text_of(access, AccessText::reason)),
        .who = TRY(text_of(access, AccessText::who)),
        .executable = TRY(text_of(access, AccessText::executable)),
        .script = TRY(text_of(access, AccessText::script)),
        .store = TRY(text_of(access, AccessText::store)),
        .session = number(AccessNumber::session),
        .pid = number(AccessNumber::pid),
        .bytes = number(AccessNumber::bytes),
        .incident = number(AccessNumber::incident),
        .count = access.numbers[std::to_underlying(AccessNumber::count)],
    };
}

Result<void> AccessTeller::tell(std::optional<std::int64_t> limit) {
    order_.clear();
    for (std::size_t i = 0; i < waiting.size(); ++i) {
        if (!limit || waiting[i].first < *limit) {
            order_.emplace_back(waiting[i].first, waiting[i].leaf, i);
        }
    }
    std::ranges::sort(order_);
    known_ = {};
    for (const auto& [first, leaf, place] : order_) {
        visit_(TRY(row_of(waiting[place])));
    }
    if (chunks_ != nullptr) {
        chunks_->forget_read_texts();
    }
    if (!limit || order_.size() == waiting.size()) {
        waiting.clear();
    } else {
        std::erase_if(waiting, [&](const auto& access) { return access.first < *limit; });
    }
    return {};
}

}  // namespace

Result<void> Index::accesses(LedgerReader& ledger,
                             std::string_view mailbox,
                             const TimeSpan& span,
                             const std::function<void(const AccessRow&)>& visit) {
    State& state = *state_;
    const Snapshot snapshot = TRY(look(state, ledger));
    index::ChunkStore* store = state.file ? &state.file->chunks : nullptr;
    AccessTeller teller(store, visit);
    index::AccessPacker packer;
    TRY(visit_tail(ledger,
                   snapshot,
                   {index::mark_of_access(mailbox)},
                   [&](std::uint64_t leaf, const Event& event) {
                       if (event.event_class == EventClass::access &&
                           event.access_mailbox() == mailbox &&
                           index::touches(index::extent_of(event), span)) {
                           teller.waiting.push_back(packer.pack(leaf, event, teller.pool));
                       }
                       return true;
                   }));
    std::vector<Chunk> chunks = TRY(chunks_of(state, snapshot.first, span));
    std::ranges::stable_sort(chunks, {}, [](const Chunk& chunk) { return chunk.extent.begin; });
    for (const Chunk& chunk : chunks) {
        TRY(teller.tell(chunk.extent.begin));
        const std::size_t before = teller.waiting.size();
        TRY(store->accesses(chunk, mailbox, teller.waiting));
        const auto left_out = [&](const PackedAccess& access) {
            return access.leaf < snapshot.first ||
                   !index::touches({access.first, access.last}, span);
        };
        const auto added = std::ranges::subrange(
            teller.waiting.begin() + static_cast<std::ptrdiff_t>(before), teller.waiting.end());
        teller.waiting.erase(std::ranges::remove_if(added, left_out).begin(), teller.waiting.end());
    }
    return teller.tell(std::nullopt);
}

Result<void> Index::actor(LedgerReader& ledger,
                          const ActorQuery& query,
                          const TimeSpan& span,
                          const std::function<void(std::uint64_t leaf, const Event&)>& visit) {
    State& state = *state_;
    const Snapshot snapshot = TRY(look(state, ledger));
    const auto keys = index::actor_keys(query);
    const auto take = [&](std::uint64_t leaf, const Event& event) {
        if (index::is_of(event, query) && index::touches(index::extent_of(event), span)) {
            visit(leaf, event);
        }
        return true;
    };
    for (const Chunk& chunk : TRY(chunks_of(state, snapshot.first, span))) {
        std::set<std::uint64_t> blocks;
        TRY(state.file->chunks.blocks(
            chunk, keys, [&](std::uint64_t block) { blocks.insert(block); }));
        for (auto block = blocks.begin(); block != blocks.end();) {
            const std::uint64_t first = *block * kBlockLeaves;
            std::uint64_t end = first;
            for (; block != blocks.end() && *block * kBlockLeaves == end; ++block) {
                end += kBlockLeaves;
            }
            TRY(index::read_leaves(ledger,
                                   std::max({first, chunk.first, snapshot.first}),
                                   std::min(end, chunk.end),
                                   take));
        }
    }
    return visit_tail(
        ledger, snapshot, {index::mark_of_access(), R"("mailvigil.class":"finding")"}, take);
}

Result<void> Index::entries(LedgerReader& ledger,
                            const TimeSpan& span,
                            std::optional<std::string_view> path,
                            const std::function<void(const EntryRow&)>& visit) {
    const Snapshot snapshot = TRY(look(*state_, ledger));
    std::vector<Entry> tail;
    TRY(visit_tail_entries(ledger, snapshot, [&](Entry&& entry) {
        if (index::touches(entry.extent, span) &&
            (!path || std::ranges::binary_search(entry.paths, *path))) {
            tail.push_back(std::move(entry));
        }
    }));
    const auto order = [](const Entry& entry) { return std::pair(entry.extent.begin, entry.leaf); };
    std::ranges::sort(tail, {}, order);
    auto next = tail.begin();
    const auto tell_tail_before = [&](const Entry* limit) {
        for (; next != tail.end() && (limit == nullptr || order(*next) < order(*limit)); ++next) {
            visit(index::row_of(*next));
        }
    };
    if (state_->file) {
        TRY(state_->file->entries.entries(snapshot.first, span, path, [&](const Entry& entry) {
            tell_tail_before(&entry);
            visit(index::row_of(entry));
            return true;
        }));
    }
    tell_tail_before(nullptr);
    return {};
}

Result<std::vector<IncidentRow>> Index::incidents(LedgerReader& ledger, const TimeSpan& span) {
    const Snapshot snapshot = TRY(look(*state_, ledger));
    index::IncidentBook book;
    if (state_->file) {
        TRY(state_->file->entries.of_incidents(snapshot.first,
                                               [&](const Entry& entry) { book.add(entry); }));
    }
    TRY(visit_tail_entries(ledger, snapshot, [&](Entry&& entry) { book.add(entry); }));
    return book.rows(span);
}

Result<std::uint64_t> Index::last_incident(LedgerReader& ledger) {
    const Snapshot snapshot = TRY(look(*state_, ledger));
    std::uint64_t last = snapshot.reach.last_incident;
    TRY(visit_tail(ledger,
                   snapshot,
                   {R"("mailvigil.incident":)"},
                   [&](std::uint64_t /*leaf*/, const Event& event) {
                       last = std::max(last, event.finding_incident());
                       return true;
                   }));
    return last;
}

namespace {

template <class State>
Result<std::optional<std::uint64_t>> find_digest(State& state,
                                                 LedgerReader& ledger,
                                                 Entry::Digest kind,
                                                 std::string_view sha256) {
    const Snapshot snapshot = TRY(look(state, ledger));
    std::optional<std::uint64_t> found;
    if (state.file) {
        found = TRY(state.file->entries.digest(kind, sha256, snapshot.first));
    }
    if (found) {
        return found;
    }
    TRY(visit_tail(
        ledger, snapshot, {R"("file.hash.sha256":)"}, [&](std::uint64_t leaf, const Event& event) {
            const Entry entry = index::entry_of(leaf, event);
            if (entry.digest == kind && entry.sha256 == sha256) {
                found = leaf;
            }
            return !found;
        }));
    return found;
}

}  // namespace

Result<std::optional<std::uint64_t>> Index::source(LedgerReader& ledger,
                                                   std::string_view sha256_hex) {
    return find_digest(*state_, ledger, Entry::Digest::source, sha256_hex);
}

Result<std::optional<std::uint64_t>> Index::content(LedgerReader& ledger,
                                                    std::string_view sha256_hex) {
    return find_digest(*state_, ledger, Entry::Digest::content, sha256_hex);
}

Result<std::vector<std::string>> Index::mailboxes(LedgerReader& ledger) {
    const Snapshot snapshot = TRY(look(*state_, ledger));
    // Much the same mailboxes in every chunk: two sorted rows become one, without twins.
    std::vector<TextId> ids;
    std::vector<TextId> both;
    for (const Chunk& chunk : TRY(chunks_of(*state_, snapshot.first, {}))) {
        const auto found = TRY(state_->file->chunks.mailboxes(chunk, snapshot.first));
        both.clear();
        std::ranges::set_union(ids, found, std::back_inserter(both));
        std::swap(ids, both);
    }
    std::set<std::string, std::less<>> names;
    for (const TextId id : ids) {
        names.emplace(TRY(state_->file->chunks.text(id)));
        state_->file->chunks.forget_read_texts();
    }
    TRY(visit_tail(ledger,
                   snapshot,
                   {index::mark_of_access()},
                   [&](std::uint64_t /*leaf*/, const Event& event) {
                       if (event.event_class == EventClass::access &&
                           !names.contains(event.access_mailbox())) {
                           names.emplace(event.access_mailbox());
                       }
                       return true;
                   }));
    names.erase(std::string());
    return std::vector<std::string>(names.begin(), names.end());
}

}  // namespace mailvigil::evidence
