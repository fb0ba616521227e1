#include "evidence/index/actor_part.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "evidence/index/access_part.h"
#include "evidence/index/database.h"
#include "evidence/layout.h"

namespace mailvigil::evidence::index {

namespace {

// Part of the format of the index, as the seed of the buckets is.
enum Seed : std::uint64_t { user_name = 1, user_number, session, pid, entity };

// In one chunk: what a key and a block number can make.
constexpr std::uint64_t kMarksMax = std::uint64_t{1} << (8 + kBlockBits);

std::uint16_t key_of(Seed seed, std::string_view text) {
    return static_cast<std::uint16_t>(hash_of(text, seed) >> 16U);
}

std::uint16_t key_of(Seed seed, std::uint64_t number) {
    return key_of(seed, {reinterpret_cast<const char*>(&number), sizeof number});
}

/// `text` as a whole is a number.
std::optional<std::uint64_t> number_of(std::string_view text) {
    std::uint64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

/// An entity id begins with the pid; where it does, the pid's mark is enough for both.
std::optional<std::uint64_t> pid_of(std::string_view entity_id) {
    return number_of(entity_id.substr(0, entity_id.find('-')));
}

bool has_number(const Event& event, Field field, std::optional<std::uint64_t> number) {
    return number && event.has(field) && event.number_of(field) == *number;
}

bool has_text(const Event& event, Field field, std::string_view text) {
    return event.has(field) && event.text_of(field) == text;
}

}  // namespace

std::vector<std::uint16_t> actor_keys(const ActorQuery& query) {
    const auto number = number_of(query.text);
    std::vector<std::uint16_t> keys;
    switch (query.kind) {
        case ActorQuery::Kind::user:
            keys.push_back(key_of(user_name, query.text));
            if (number) {
                keys.push_back(key_of(user_number, *number));
            }
            break;
        case ActorQuery::Kind::session:
            if (number) {
                keys.push_back(key_of(session, *number));
            }
            break;
        case ActorQuery::Kind::process:
            keys.push_back(key_of(entity, query.text));
            if (const auto of_pid = pid_of(query.text)) {
                keys.push_back(key_of(pid, *of_pid));
            }
            break;
    }
    return keys;
}

bool is_of(const Event& event, const ActorQuery& query) {
    if (event.event_class != EventClass::access && event.event_class != EventClass::finding) {
        return false;
    }
    const auto number = number_of(query.text);
    switch (query.kind) {
        case ActorQuery::Kind::user:
            return has_text(event, Field::user_name, query.text) ||
                   has_text(event, Field::login_user_name, query.text) ||
                   has_number(event, Field::user_id, number) ||
                   has_number(event, Field::login_user_id, number);
        case ActorQuery::Kind::session:
            return has_number(event, Field::session_id, number);
        case ActorQuery::Kind::process:
            return has_text(event, Field::process_entity_id, query.text) ||
                   has_number(event, Field::process_pid, number);
    }
    return false;
}

void ActorMarks::mark(std::uint64_t block, std::uint16_t key) {
    if (seen_[key] != round_) {
        seen_[key] = round_;
        marks_.push_back({block, key});
    }
}

void ActorMarks::add(std::uint64_t leaf, const Event& event) {
    const std::uint64_t block = leaf / kBlockLeaves;
    if (block != block_) {
        block_ = block;
        ++round_;
    }
    for (const Field field : {Field::user_name, Field::login_user_name}) {
        if (event.has(field)) {
            mark(block, key_of(user_name, event.text_of(field)));
        }
    }
    for (const Field field : {Field::user_id, Field::login_user_id}) {
        if (event.has(field)) {
            mark(block, key_of(user_number, event.number_of(field)));
        }
    }
    if (event.has(Field::session_id)) {
        mark(block, key_of(session, event.session_id()));
    }
    if (event.has(Field::process_pid)) {
        mark(block, key_of(pid, event.process_pid()));
    }
    if (event.has(Field::process_entity_id) &&
        !has_number(event, Field::process_pid, pid_of(event.process_entity_id()))) {
        mark(block, key_of(entity, event.process_entity_id()));
    }
}

void ActorMarks::forget(std::uint64_t end) {
    const auto stay = std::ranges::find_if(
        marks_, [&](const ActorMark& mark) { return mark.block >= end / kBlockLeaves; });
    marks_.erase(marks_.begin(), stay);
}

void ActorMarks::clear() {
    marks_.clear();
    block_ = ~std::uint64_t{0};
}

void pack_marks(std::vector<std::uint32_t>& values, Packer& out) {
    std::ranges::sort(values);
    values.erase(std::ranges::unique(values).begin(), values.end());
    std::vector<std::uint64_t> differences;
    differences.reserve(values.size());
    std::uint32_t before = 0;
    for (const std::uint32_t value : values) {
        differences.push_back(value - before);
        before = value;
    }
    out.clear();
    out.number(differences.size());
    out.column(differences);
}

Result<void> unpack_marks(std::string_view blob,
                          const std::function<void(std::uint8_t key, std::uint64_t block)>& visit) {
    Unpacker in(blob);
    std::vector<std::uint64_t> differences;
    in.column(in.number_up_to(kMarksMax), differences);
    if (!in.good()) {
        return std::unexpected(damaged());
    }
    std::uint64_t value = 0;
    for (const std::uint64_t difference : differences) {
        value += difference;
        visit(static_cast<std::uint8_t>(value >> kBlockBits),
              value & ((std::uint64_t{1} << kBlockBits) - 1));
    }
    return {};
}

}  // namespace mailvigil::evidence::index
