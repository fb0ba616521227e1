// The members of an event's canonical text, in the order in which RFC 8785 puts them. Made from
// fields.def by the compiler; what makes the order right is checked there as well.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "event/event.h"

namespace mailvigil {

struct CanonicalMember {
    std::string_view lead;  ///< ,"name":
    FieldType type = FieldType::text;
    std::uint8_t field = 0;  ///< number of the Field; kClassMember: the event's class

    [[nodiscard]] constexpr std::string_view name() const {
        return lead.substr(2, lead.size() - 4);
    }
};

inline constexpr std::uint8_t kClassMember = kFieldCount;
inline constexpr std::size_t kMemberCount = kFieldCount + 1;
inline constexpr std::string_view kTimeMember = "@timestamp";
inline constexpr std::string_view kBase64Suffix = "#base64";
static_assert(kFieldCount < 255);

/// All but the time, which comes before them, ascending by name. (RFC 8785 section 3.2.3 orders by
/// UTF-16 units; of ASCII names that is by bytes.)
inline constexpr std::array<CanonicalMember, kMemberCount> kMembers = [] {
    std::array<CanonicalMember, kMemberCount> members{{
#define FIELD(id, type, unit, ecs, ocsf, sigma, meaning) \
    {",\"" ecs "\":", FieldType::type, static_cast<std::uint8_t>(Field::id)},
#include "event/fields.def"
#undef FIELD
        {",\"mailvigil.class\":", FieldType::text, kClassMember},
    }};
    std::ranges::sort(members, {}, &CanonicalMember::name);
    return members;
}();

// '#' comes before all that names are made of, so a name with the suffix keeps the name's place.
static_assert(std::ranges::all_of(kMembers, [](const CanonicalMember& member) {
    return member.name() > kTimeMember && std::ranges::all_of(member.name(), [](char c) {
               return c == '.' || c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
           });
}));
static_assert(std::ranges::adjacent_find(kMembers, {}, &CanonicalMember::name) == kMembers.end(),
              "two rows of fields.def have the same ECS name");

/// Where in kMembers each field is, by its number.
inline constexpr std::array<std::uint8_t, kMemberCount> kRankOfField = [] {
    std::array<std::uint8_t, kMemberCount> ranks{};
    for (std::size_t rank = 0; rank < kMemberCount; ++rank) {
        ranks[kMembers[rank].field] = static_cast<std::uint8_t>(rank);
    }
    return ranks;
}();

/// The member of that name. The time is not among them.
const CanonicalMember* find_canonical_member(std::string_view name);

}  // namespace mailvigil
