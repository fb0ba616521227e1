#include "evidence/index/access_part.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <limits>
#include <utility>

#include "evidence/index/database.h"
#include "evidence/layout.h"

namespace mailvigil::evidence::index {

namespace {

// Part of the format of the index: another seed is another version.
constexpr std::uint64_t kBucketSeed = 0x6D61696C626F78;

enum Column : std::uint8_t { leaves, lasts, durations, presence, numbers };

constexpr std::size_t kTextColumns = numbers + kAccessNumbers;

std::uint64_t block_of(std::uint64_t leaf) {
    return leaf / kBlockLeaves;
}

std::uint64_t minus(std::int64_t a, std::int64_t b) {
    return static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b);
}

std::int64_t plus(std::int64_t a, std::uint64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + b);
}

void put_number(PackedAccess& row, const Event& event, AccessNumber number, Field field) {
    const auto place = std::to_underlying(number);
    row.numbers[place] = event.number_of(field);
    row.present |= static_cast<std::uint8_t>(unsigned{event.has(field)} << place);
}

}  // namespace

std::uint8_t bucket_of(std::string_view mailbox) {
    return static_cast<std::uint8_t>(hash_of(mailbox, kBucketSeed));
}

PackedAccess AccessPacker::pack(std::uint64_t leaf, const Event& event, TextPool& pool) {
    PackedAccess row;
    row.leaf = leaf;
    row.first = event.time.time_since_epoch().count();
    row.last =
        event.has(Field::finding_end) ? event.finding_end().time_since_epoch().count() : row.first;
    put_number(row, event, AccessNumber::session, Field::session_id);
    put_number(row, event, AccessNumber::pid, Field::process_pid);
    put_number(row, event, AccessNumber::bytes, Field::file_size);
    put_number(row, event, AccessNumber::incident, Field::finding_incident);
    row.numbers[std::to_underlying(AccessNumber::count)] = event.finding_accesses();
    const auto put = [&](AccessText text, std::string_view value) {
        row.texts[std::to_underlying(text)] = pool.id_of(value);
    };
    put(AccessText::mailbox, event.access_mailbox());
    put(AccessText::access_class, event.access_class());
    put(AccessText::verdict, event.finding_verdict());
    put(AccessText::executable, event.process_executable());
    put(AccessText::script, event.process_script());
    put(AccessText::store, event.file_path());
    put(AccessText::host, event.host_name());
    scratch_.clear();
    for (const std::string_view reason : event.finding_reasons()) {
        scratch_.append(scratch_.empty() ? "" : "; ").append(reason);
    }
    put(AccessText::reason, scratch_);
    if (event.has(Field::finding_who) || event.has(Field::user_name)) {
        put(AccessText::who,
            event.has(Field::finding_who) ? event.finding_who() : event.user_name());
    } else if (event.has(Field::user_id)) {
        char digits[20];
        const auto [end, error] =
            std::to_chars(std::begin(digits), std::end(digits), event.user_id());
        put(AccessText::who, std::string_view(std::begin(digits), end));
    }
    row.bucket = bucket_of(event.access_mailbox());
    return row;
}

std::int64_t BlockTimes::of(std::uint64_t leaf) const {
    const std::uint64_t place = block_of(leaf) - first_block;
    return place < times.size() ? times[place] : 0;
}

BlockTimes block_times(std::uint64_t first, std::uint64_t end, std::span<const PackedAccess> rows) {
    constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();
    BlockTimes result{.first_block = block_of(first), .times = {}};
    result.times.assign(block_of(end - 1) - result.first_block + 1, kNone);
    for (const PackedAccess& row : rows) {
        std::int64_t& time = result.times[block_of(row.leaf) - result.first_block];
        time = std::min(time, row.last);
    }
    std::int64_t before = rows.empty() ? 0 : rows.front().last;
    for (std::int64_t& time : result.times) {
        time = time == kNone ? before : time;
        before = time;
    }
    return result;
}

void pack(const BlockTimes& times, Packer& out) {
    std::vector<std::uint64_t> differences;
    std::int64_t before = 0;
    for (const std::int64_t time : times.times) {
        differences.push_back(zigzag(minus(time, before)));
        before = time;
    }
    out.clear();
    out.column(differences);
}

Result<BlockTimes> unpack_times(std::string_view blob, std::uint64_t first, std::uint64_t end) {
    Unpacker in(blob);
    BlockTimes result{.first_block = block_of(first), .times = {}};
    std::vector<std::uint64_t> differences;
    if (first >= end || end - first > kChunkLeaves) {
        return std::unexpected(damaged());
    }
    in.column(block_of(end - 1) - result.first_block + 1, differences);
    std::int64_t time = 0;
    for (const std::uint64_t difference : differences) {
        time = plus(time, unzigzag(difference));
        result.times.push_back(time);
    }
    return in.good() ? Result<BlockTimes>(std::move(result)) : std::unexpected(damaged());
}

void pack(std::span<const TextId> ids, Packer& out) {
    out.clear();
    out.number(ids.size());
    TextId before = 0;
    for (const TextId id : ids) {
        out.number(id - before);
        before = id;
    }
}

Result<std::vector<TextId>> unpack_ids(std::string_view blob) {
    Unpacker in(blob);
    std::vector<TextId> ids(in.number_up_to(kChunkLeaves));
    TextId before = 0;
    for (TextId& id : ids) {
        id = before + static_cast<TextId>(in.number_up_to(kOwnTexts));
        before = id;
    }
    return in.good() ? Result<std::vector<TextId>>(std::move(ids)) : std::unexpected(damaged());
}

std::uint32_t BucketCodec::place_of(TextId id) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = (id * 0x9E3779B1U) & mask;
    while (slots_[at].stamp == stamp_ && slots_[at].id != id) {
        at = (at + 1) & mask;
    }
    Slot& slot = slots_[at];
    if (slot.stamp != stamp_) {
        slot = {.id = id, .stamp = stamp_, .place = static_cast<std::uint32_t>(distinct_.size())};
        distinct_.push_back(id);
    }
    return slot.place;
}

// The distinct texts in order of appearance, then for each row which; or, where that is shorter
// because neighbours are often alike, 0 for the same as in the row before.
void BucketCodec::pack_texts(std::span<const PackedAccess* const> rows,
                             std::size_t text,
                             Packer& out) {
    distinct_.clear();
    ++stamp_;
    values_.resize(rows.size());
    again_.resize(rows.size());
    TextId before = 0;
    std::uint32_t place = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const TextId id = rows[i]->texts[text];
        const bool same = i > 0 && id == before;
        place = same ? place : place_of(id);
        values_[i] = place;
        again_[i] = same ? 0 : place + 1;
        before = id;
    }
    out.number(distinct_.size());
    TextId id_before = 0;
    for (const TextId id : distinct_) {
        out.number(zigzag(std::uint64_t{id} - id_before));
        id_before = id;
    }
    if (distinct_.size() < 2) {
        return;
    }
    const ColumnShape plain = shape_of(values_);
    const ColumnShape repeats = shape_of(again_);
    const bool repeating = repeats.bits < plain.bits;
    out.number(repeating ? 1 : 0);
    out.column(repeating ? again_ : values_, repeating ? repeats : plain);
}

void BucketCodec::unpack_texts(Unpacker& in,
                               std::size_t count,
                               std::vector<std::uint64_t>& values) {
    std::vector<TextId> distinct(in.number_up_to(count));
    std::uint64_t before = 0;
    for (TextId& id : distinct) {
        before += unzigzag(in.number());
        id = static_cast<TextId>(before);
    }
    if (distinct.size() < 2) {
        values.assign(count, distinct.empty() ? 0 : distinct.front());
        return;
    }
    const bool repeating = in.number_up_to(1) == 1;
    in.column(count, values);
    std::uint64_t place = 0;
    for (std::uint64_t& value : values) {
        place = !repeating ? value : value == 0 ? place : value - 1;
        value = place < distinct.size() ? distinct[place] : 0;
    }
}

void BucketCodec::pack(std::span<const PackedAccess* const> rows,
                       std::uint64_t first,
                       const BlockTimes& times,
                       Packer& out) {
    out.clear();
    slots_.resize(std::max(slots_.size(), std::bit_ceil(rows.size() * 2)));
    std::vector<std::pair<TextId, std::size_t>> mailboxes;
    for (const PackedAccess* row : rows) {
        if (mailboxes.empty() || mailboxes.back().first != row->mailbox()) {
            mailboxes.emplace_back(row->mailbox(), 0);
        }
        ++mailboxes.back().second;
    }
    out.number(mailboxes.size());
    TextId id_before = 0;
    for (const auto& [id, count] : mailboxes) {
        out.number(id - id_before);
        out.number(count);
        id_before = id;
    }
    values_.resize(rows.size());
    const auto column = [&](auto value_of) -> std::vector<std::uint64_t>& {
        values_.clear();
        for (const PackedAccess* row : rows) {
            values_.push_back(value_of(*row));
        }
        return values_;
    };
    TextId mailbox = 0;
    std::uint64_t before = first;
    out.column(column([&](const PackedAccess& row) {
        before = row.mailbox() == mailbox ? before : first;
        mailbox = row.mailbox();
        return row.leaf - std::exchange(before, row.leaf);
    }));
    out.scaled_column(
        column([&](const PackedAccess& row) { return minus(row.last, times.of(row.leaf)); }));
    out.scaled_column(column([](const PackedAccess& row) { return minus(row.last, row.first); }));
    out.column(column([](const PackedAccess& row) { return std::uint64_t{row.present}; }));
    for (std::size_t i = 0; i < kAccessNumbers; ++i) {
        out.column(column([&](const PackedAccess& row) { return row.numbers[i]; }));
    }
    for (std::size_t i = 1; i < kAccessTexts; ++i) {
        pack_texts(rows, i, out);
    }
}

Result<void> BucketCodec::unpack(std::string_view blob,
                                 std::uint8_t bucket,
                                 std::uint64_t first,
                                 const BlockTimes& times,
                                 const std::function<Result<bool>(TextId mailbox)>& wanted,
                                 std::vector<PackedAccess>& rows) {
    struct Run {
        TextId mailbox;
        std::size_t count;
        bool wanted;
    };

    Unpacker in(blob);
    std::vector<Run> runs(in.number_up_to(kChunkLeaves));
    TextId id = 0;
    std::size_t count = 0;
    bool any = false;
    for (Run& run : runs) {
        id += static_cast<TextId>(in.number_up_to(kOwnTexts));
        run = {.mailbox = id, .count = in.number_up_to(kChunkLeaves), .wanted = TRY(wanted(id))};
        count += run.count;
        any = any || run.wanted;
    }
    if (!in.good() || count > kChunkLeaves) {
        return std::unexpected(damaged());
    }
    if (!any) {
        return {};
    }
    in.column(count, columns_[leaves]);
    in.scaled_column(count, columns_[lasts]);
    in.scaled_column(count, columns_[durations]);
    in.column(count, columns_[presence]);
    for (std::size_t i = 0; i < kAccessNumbers; ++i) {
        in.column(count, columns_[numbers + i]);
    }
    for (std::size_t i = 1; i < kAccessTexts; ++i) {
        unpack_texts(in, count, columns_[kTextColumns + i]);
    }
    if (!in.good()) {
        return std::unexpected(damaged());
    }
    std::size_t at = 0;
    for (const Run& run : runs) {
        std::uint64_t leaf = first;
        const std::size_t end = at + run.count;
        for (; run.wanted && at < end; ++at) {
            PackedAccess& row = rows.emplace_back();
            leaf += columns_[leaves][at];
            row.leaf = leaf;
            row.last = plus(times.of(leaf), columns_[lasts][at]);
            row.first = plus(row.last, 0 - columns_[durations][at]);
            row.present = static_cast<std::uint8_t>(columns_[presence][at]);
            row.bucket = bucket;
            for (std::size_t i = 0; i < kAccessNumbers; ++i) {
                row.numbers[i] = columns_[numbers + i][at];
            }
            row.texts[0] = run.mailbox;
            for (std::size_t i = 1; i < kAccessTexts; ++i) {
                row.texts[i] = static_cast<TextId>(columns_[kTextColumns + i][at]);
            }
        }
        at = end;
    }
    return {};
}

}  // namespace mailvigil::evidence::index
