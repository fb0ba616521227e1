#include "evidence/index.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "evidence/index/state.h"
#include "evidence/index/tail.h"
#include "evidence/layout.h"

namespace mailvigil::evidence {

namespace {

using index::Database;
using index::Reach;
using index::TextId;

// "mvix", and the version of everything that is in the file.
constexpr std::int64_t kApplicationId = 0x6D766978;
constexpr std::int64_t kVersion = 2;

static_assert(Index::kChunkLeaves == index::kChunkLeaves);

Result<bool> is_ours(Database& database) {
    return TRY(database.number("PRAGMA application_id")) == kApplicationId &&
           TRY(database.number("PRAGMA user_version")) == kVersion;
}

Result<void> create(Database& database) {
    auto transaction = TRY(index::Transaction::begin(database, Database::Mode::write));
    TRY(database.run(index::ChunkStore::kSchema));
    TRY(database.run(index::EntryStore::kSchema));
    TRY(database.run(
        fmt::format("PRAGMA application_id={}; PRAGMA user_version={}", kApplicationId, kVersion)
            .c_str()));
    return transaction.commit();
}

void remove_file(const std::string& path) {
    for (const char* const suffix : {"-wal", "-shm", ""}) {
        ::unlink((path + suffix).c_str());
    }
}

template <class State>
Result<void> use(State& state, Database database) {
    auto chunks = TRY(index::ChunkStore::open(database));
    auto entries = TRY(index::EntryStore::open(database));
    state.reach = TRY(entries.reach());
    state.file = std::make_unique<typename State::File>(
        std::move(database), std::move(chunks), std::move(entries));
    return {};
}

template <class State>
Result<void> open_for_writing(State& state) {
    const auto try_open = [&]() -> Result<void> {
        Database database = TRY(Database::open(state.path, Database::Mode::write));
        if (!TRY(is_ours(database))) {
            return std::unexpected(index::damaged());
        }
        return use(state, std::move(database));
    };
    Result<void> opened = try_open();
    if (!opened && opened.error().code == ErrorCode::malformed) {
        // Empty, foreign, of another version or broken: it is no evidence, a new one takes its
        // place.
        remove_file(state.path);
        Database database = TRY(Database::open(state.path, Database::Mode::write));
        TRY(create(database));
        opened = use(state, std::move(database));
    }
    if (!opened) {
        return opened;
    }
    // Texts that were numbered lately will come again.
    const TextId last = TRY(state.file->chunks.last_text());
    const TextId most = index::TextPool::kTextsMax / 2;
    auto& waiting = state.waiting;
    waiting.pool = index::TextPool(last > most ? last - most + 1 : 1);
    bool gapless = true;
    TRY(state.file->chunks.texts(waiting.pool.first(), [&](TextId id, std::string_view text) {
        gapless = gapless && !waiting.pool.full() && waiting.pool.next() == id &&
                  waiting.pool.id_of(text) == id;
    }));
    if (!gapless || waiting.pool.next() != last + 1) {
        waiting.pool = index::TextPool(last + 1);
    }
    waiting.written_texts = last + 1;
    waiting.next = state.reach.next;
    waiting.last_incident = state.reach.last_incident;
    return {};
}

template <class State>
Result<void> open_for_reading(State& state) {
    auto database = Database::open(state.path, Database::Mode::read);
    const auto ours = database ? is_ours(*database) : std::unexpected(database.error());
    if (ours && *ours) {
        return use(state, std::move(*database));
    }
    if (ours || ours.error().code == ErrorCode::unknown ||
        ours.error().code == ErrorCode::malformed) {
        return {};
    }
    return std::unexpected(ours.error());
}

}  // namespace

Index::Index(std::unique_ptr<State> state) : state_(std::move(state)) {}

Index::~Index() = default;

Result<std::unique_ptr<Index>> Index::open(const std::string& folder, Mode mode) {
    auto state = std::make_unique<State>(fmt::format("{}/{}", folder, kFile), mode);
    TRY(mode == Mode::write ? open_for_writing(*state) : open_for_reading(*state));
    return std::unique_ptr<Index>(new Index(std::move(state)));
}

std::uint64_t Index::next_leaf() const {
    return state_->mode == Mode::write ? state_->waiting.next : state_->reach.next;
}

bool Index::stale() const {
    return state_->file == nullptr;
}

std::uint64_t Index::waiting() const {
    return state_->mode == Mode::write ? state_->waiting.next - state_->reach.next : 0;
}

Result<void> Index::add(std::uint64_t leaf, const Event& event) {
    MV_ASSERT(state_->mode == Mode::write);
    State::Waiting& waiting = state_->waiting;
    if (leaf != waiting.next) {
        return fail(ErrorCode::limit,
                    fmt::format("the index expects record {}, not {}", waiting.next, leaf));
    }
    ++waiting.next;
    if (event.event_class == EventClass::access) {
        waiting.accesses.push_back(waiting.packer.pack(leaf, event, waiting.pool));
        waiting.marks.add(leaf, event);
    } else {
        waiting.entries.push_back(index::entry_of(leaf, event));
        if (event.event_class == EventClass::finding) {
            waiting.marks.add(leaf, event);
        }
    }
    if (event.has(Field::finding_incident)) {
        waiting.last_incident = std::max(waiting.last_incident, event.finding_incident());
    }
    return {};
}

Result<void> Index::State::write_texts() {
    for (TextId id = waiting.written_texts; id != waiting.pool.next(); ++id) {
        TRY(file->chunks.add_text(id, waiting.pool.text(id)));
    }
    return {};
}

Result<void> Index::State::write_chunk(std::uint64_t end) {
    index::Chunk chunk;
    chunk.first = reach.next;
    chunk.end = end;
    const auto extend = [&](const index::Extent& extent) {
        chunk.extent.begin = std::min(chunk.extent.begin, extent.begin);
        chunk.extent.end = std::max(chunk.extent.end, extent.end);
    };
    const auto accesses_end =
        std::ranges::lower_bound(waiting.accesses, end, {}, &index::PackedAccess::leaf);
    const std::span accesses(waiting.accesses.begin(), accesses_end);
    for (const index::PackedAccess& access : accesses) {
        // A hostile record may end before it begins.
        extend({std::min(access.first, access.last), std::max(access.first, access.last)});
    }
    for (const index::Entry& entry : waiting.entries) {
        if (entry.leaf >= end) {
            break;
        }
        TRY(file->entries.add(entry));
        if (entry.event_class == EventClass::finding) {
            extend({std::min(entry.extent.begin, entry.extent.end),
                    std::max(entry.extent.begin, entry.extent.end)});
        }
    }
    const std::uint64_t last_block = (end - 1) / kBlockLeaves;
    const auto marks = waiting.marks.marks();
    const auto marks_end = std::ranges::find_if(
        marks, [&](const index::ActorMark& mark) { return mark.block > last_block; });
    return file->chunks.write(chunk, accesses, {marks.begin(), marks_end});
}

void Index::State::drop_written(std::uint64_t end) {
    std::erase_if(waiting.accesses, [&](const auto& access) { return access.leaf < end; });
    std::erase_if(waiting.entries, [&](const auto& entry) { return entry.leaf < end; });
    waiting.marks.forget(end);
}

Result<void> Index::flush(std::uint64_t durable, Position after) {
    MV_ASSERT(state_->mode == Mode::write);
    State& state = *state_;
    const std::uint64_t end = std::min(durable, state.waiting.next);
    if (end <= state.reach.next) {
        return {};
    }
    while (state.reach.next < end) {
        Reach reach = state.reach;
        // Chunks end where blocks do, so that no block is read for two of them.
        reach.next = std::min(end, (reach.next / kChunkLeaves + 1) * kChunkLeaves);
        reach.position = reach.next == end && after.leaf <= end ? after : Position{};
        reach.last_incident = state.waiting.last_incident;
        auto transaction =
            TRY(index::Transaction::begin(state.file->database, Database::Mode::write));
        TRY(state.write_texts());
        TRY(state.write_chunk(reach.next));
        TRY(state.file->chunks.merge_small());
        TRY(state.file->entries.set_reach(reach));
        TRY(transaction.commit());
        state.reach = reach;
        state.waiting.written_texts = state.waiting.pool.next();
        state.drop_written(reach.next);
        state.file->chunks.forget_read_texts();
    }
    if (state.waiting.pool.full()) {
        state.waiting.pool.forget();
    }
    return {};
}

Result<void> Index::catch_up(LedgerReader& ledger,
                             const std::function<void(std::uint64_t)>& progress) {
    MV_ASSERT(state_->mode == Mode::write);
    if (TRY(ledger.size()) < state_->waiting.next || state_->reach.is_foreign_to(ledger.origin())) {
        TRY(clear());
    }
    if (state_->reach.origin.empty()) {
        state_->reach.origin = ledger.origin();
    }
    for (;;) {
        State& state = *state_;
        if (state.waiting.next < ledger.first()) {
            TRY(flush(state.waiting.next, {}));
            state.reach.next = ledger.first();
            state.reach.position = {};
            state.waiting.next = ledger.first();
            state.waiting.marks.clear();
        }
        Reach from = state.reach;
        from.next = state.waiting.next;
        bool more = false;
        Result<void> added;
        const Position stopped = TRY(index::read_tail(
            ledger,
            from,
            [](std::string_view) { return true; },
            [&](std::uint64_t leaf, const Event* event) {
                if (event != nullptr) {
                    added = add(leaf, *event);
                } else {
                    state.waiting.next = leaf + 1;
                }
                more = waiting() >= kChunkLeaves;
                return added && !more;
            }));
        TRY(std::move(added));
        TRY(flush(state.waiting.next, stopped));
        if (progress) {
            progress(state.waiting.next);
        }
        if (!more) {
            return {};
        }
    }
}

Result<void> Index::clear() {
    MV_ASSERT(state_->mode == Mode::write);
    auto state = std::make_unique<State>(state_->path, state_->mode);
    state_->file.reset();
    remove_file(state->path);
    TRY(open_for_writing(*state));
    state_ = std::move(state);
    return {};
}

Result<void> Index::prune(std::uint64_t first) {
    MV_ASSERT(state_->mode == Mode::write);
    State& state = *state_;
    Reach reach = state.reach;
    reach.first = std::max(reach.first, first);
    TextId lowest = state.waiting.pool.next();
    auto transaction = TRY(index::Transaction::begin(state.file->database, Database::Mode::write));
    TRY(state.file->chunks.prune(reach.first));
    TRY(state.file->entries.prune(reach.first));
    for (const index::Chunk& chunk : TRY(state.file->chunks.chunks(0, {}))) {
        lowest = std::min(lowest, chunk.text);
    }
    for (const index::PackedAccess& access : state.waiting.accesses) {
        for (const TextId id : access.texts) {
            lowest = id == 0 ? lowest : std::min(lowest, id);
        }
    }
    TRY(state.file->chunks.forget_texts(lowest));
    TRY(state.file->entries.set_reach(reach));
    TRY(transaction.commit());
    state.reach = reach;
    state.waiting.pool.forget(lowest);
    state.waiting.written_texts = std::max(state.waiting.written_texts, lowest);
    return {};
}

}  // namespace mailvigil::evidence
