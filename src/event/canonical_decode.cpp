// decode_canonical(): a strict reader of just the form that render_canonical() writes. What it
// accepts renders to the same bytes again, members of a later version aside; so there is one text
// of an event, not several, and nothing else can hide in the evidence.
#include <fmt/format.h>

#include <charconv>
#include <chrono>

#include "base/base64.h"
#include "base/escape.h"
#include "base/json_text.h"
#include "event/canonical.h"
#include "event/canonical_member.h"

namespace mailvigil {

namespace {

constexpr std::uint64_t kSafeNumberMax = (std::uint64_t{1} << 53) - 1;
/// Of the value of a member that is not known. Ours have 1.
constexpr unsigned kDepthMax = 16;
constexpr std::size_t kPadding = 16;

constexpr std::size_t kSlots = 512;

constexpr std::size_t slot_of(std::string_view name) {
    // The ends of the names differ most.
    std::uint64_t end = 0;
    for (const char c : name.substr(name.size() < 8 ? 0 : name.size() - 8)) {
        end = end << 8U | static_cast<unsigned char>(c);
    }
    return ((end ^ name.size() << 56U) * 0x9e3779b97f4a7c15U) >> 55U;
}

/// Rank plus one of each name, at its slot or the next free one.
constexpr std::array<std::uint8_t, kSlots> kRankOfSlot = [] {
    std::array<std::uint8_t, kSlots> slots{};
    for (std::size_t rank = 0; rank < kMemberCount; ++rank) {
        std::size_t slot = slot_of(kMembers[rank].name());
        while (slots[slot] != 0) {
            slot = (slot + 1) % kSlots;
        }
        slots[slot] = static_cast<std::uint8_t>(rank + 1);
    }
    return slots;
}();

const CanonicalMember* find_member(std::string_view name) {
    for (std::size_t slot = slot_of(name); kRankOfSlot[slot] != 0; slot = (slot + 1) % kSlots) {
        const CanonicalMember& member = kMembers[kRankOfSlot[slot] - 1U];
        if (member.name() == name) {
            return &member;
        }
    }
    return nullptr;
}

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// The time that `text` is the one way to write.
std::optional<Timestamp> parse_canonical_time(std::string_view text) {
    constexpr std::string_view kForm = "dddd-dd-ddTdd:dd:dd.dddddddddZ";
    if (text.size() != kForm.size()) {
        return {};
    }
    for (std::size_t i = 0; i < kForm.size(); ++i) {
        if (kForm[i] == 'd' ? !is_digit(text[i]) : text[i] != kForm[i]) {
            return {};
        }
    }
    const auto number = [&](std::size_t from, std::size_t digits) {
        unsigned value = 0;
        for (const char c : text.substr(from, digits)) {
            value = value * 10 + static_cast<unsigned>(c - '0');
        }
        return value;
    };
    const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(number(0, 4))),
                                           std::chrono::month(number(5, 2)),
                                           std::chrono::day(number(8, 2)));
    const unsigned hour = number(11, 2);
    const unsigned minute = number(14, 2);
    const unsigned second = number(17, 2);
    if (!date.ok() || hour > 23 || minute > 59 || second > 59) {
        return {};
    }
    const std::int64_t day = std::chrono::sys_days(date).time_since_epoch().count();
    std::int64_t seconds = day * 86'400 + hour * 3'600 + minute * 60 + second;
    std::int64_t fraction = number(20, 9);
    if (seconds < 0) {  // towards 0, so that the earliest Timestamp is not overrun on the way
        ++seconds;
        fraction -= 1'000'000'000;
    }
    std::int64_t count = 0;
    if (__builtin_mul_overflow(seconds, std::int64_t{1'000'000'000}, &count) ||
        __builtin_add_overflow(count, fraction, &count)) {
        return {};
    }
    return Timestamp(std::chrono::nanoseconds(count));
}

/// The address that `text` is the one way to write.
std::optional<IpAddress> parse_canonical_address(std::string_view text) {
    const auto address = parse_address(text);
    if (!address || render(*address) != text) {
        return {};
    }
    return address;
}

/// Reads a copy of the text that lies in the batch, and puts views of it into the event: what is a
/// text in the text is one in the event, without its escapes. Behind the copy are zeroes: no byte
/// of a JSON text is zero, so nothing has to ask for the end.
class Reader {
  public:
    Reader(char* text, std::size_t size, Arena& arena, Event& event)
        : begin_(text), end_(text + size), at_(text), arena_(arena), event_(event) {}

    bool read() {
        return read_time_member() && read_members() &&
               (at_ == end_ || refuse("nothing was expected behind the object"));
    }

    [[nodiscard]] Error problem() const {
        const std::string where =
            member_.empty() ? std::string() : fmt::format("member \"{}\", ", member_);
        return {code_,
                fmt::format("canonical event: {}byte {}: {}", where, at_ - begin_, problem_)};
    }

  private:
    bool refuse(std::string_view problem) {
        problem_ = at_ >= end_ ? std::string_view("the text ends too early") : problem;
        return false;
    }

    bool take(char expected) {
        if (*at_ != expected) {
            return false;
        }
        ++at_;
        return true;
    }

    bool read_time_member();
    bool read_members();
    bool read_member();
    bool read_name();
    bool check_order(const CanonicalMember* member);
    bool read_value(const CanonicalMember& member, bool base64);
    bool read_class();
    bool read_number(Field field);
    bool read_integer(Field field);
    bool read_texts(Field field, bool base64);
    bool read_digits(std::string_view& digits);
    bool skip_string();
    bool read_string(std::string_view& text);
    bool read_time(Timestamp& time);
    bool decode(std::string_view& text);
    bool skip_value(unsigned depth);
    bool skip_number();
    template <class SkipElement>
    bool skip_elements(char close, SkipElement skip_element);

    char* begin_;
    char* end_;
    char* at_;
    Arena& arena_;
    Event& event_;
    std::string_view member_;    ///< name as it stands
    int last_rank_ = -1;         ///< of the last known member
    bool last_is_known_ = true;  ///< of the member before
    bool has_escapes_ = false;   ///< of the string before
    std::string_view problem_;
    ErrorCode code_ = ErrorCode::malformed;
};

bool Reader::read_time_member() {
    constexpr std::string_view kStart = "{\"@timestamp\":";
    for (const char c : kStart) {
        if (!take(c)) {
            return refuse("\"{\"@timestamp\":\" was expected");
        }
    }
    member_ = kTimeMember;
    return read_time(event_.time);
}

bool Reader::read_members() {
    bool has_class = false;
    while (take(',')) {
        if (!read_member()) {
            return false;
        }
        has_class = has_class || member_ == kMembers[kRankOfField[kClassMember]].name();
    }
    if (!take('}')) {
        return refuse("a comma or the end of the object was expected");
    }
    member_ = {};
    return has_class || refuse("there is no \"mailvigil.class\"");
}

bool Reader::read_member() {
    const std::string_view before = member_;
    if (!read_name()) {
        return false;
    }
    std::string_view name = member_;
    const bool base64 = name.ends_with(kBase64Suffix);
    if (base64) {
        name.remove_suffix(kBase64Suffix.size());
    }
    const CanonicalMember* const member = find_member(name);
    const int rank = member == nullptr ? -1 : static_cast<int>(member - kMembers.data());
    const bool behind = member != nullptr && last_is_known_ ? true : before < member_;
    if (!behind || (member != nullptr && rank <= last_rank_)) {
        return refuse("it stands twice or before a member that sorts behind it");
    }
    last_is_known_ = member != nullptr;
    if (member == nullptr) {
        return skip_value(0);
    }
    last_rank_ = rank;
    return read_value(*member, base64);
}

bool Reader::read_name() {
    if (!take('"')) {
        return refuse("the name of a member was expected");
    }
    char* const start = at_;
    while (!is_special_in_json(*at_)) {
        ++at_;
    }
    member_ = {start, static_cast<std::size_t>(at_ - start)};
    if (!take('"') || !take(':')) {
        member_ = {};
        return refuse("the name of a member is not of plain ASCII with a colon behind it");
    }
    return true;
}

bool Reader::read_value(const CanonicalMember& member, bool base64) {
    const auto field = static_cast<Field>(member.field);
    if (member.field == kClassMember) {
        return base64 ? refuse("a class does not stand in base64") : read_class();
    }
    if (member.type == FieldType::texts) {
        return read_texts(field, base64);
    }
    std::string_view text;
    if (member.type == FieldType::text) {
        if (!read_string(text) || (base64 && !decode(text))) {
            return false;
        }
        if (base64 && is_valid_utf8(text)) {
            return refuse("it stands in base64, though it is valid UTF-8");
        }
        event_.put(field, text);
        return true;
    }
    if (base64) {
        return refuse("a value that is no text does not stand in base64");
    }
    if (member.type == FieldType::number) {
        return read_number(field);
    }
    if (member.type == FieldType::integer) {
        return read_integer(field);
    }
    if (member.type == FieldType::time) {
        Timestamp time;
        if (!read_time(time)) {
            return false;
        }
        event_.put(field, time);
        return true;
    }
    if (!read_string(text)) {
        return false;
    }
    const auto address = parse_canonical_address(text);
    if (!address) {
        return refuse("an IP address was expected, as RFC 5952 writes it");
    }
    event_.put(field, *address);
    return true;
}

bool Reader::read_class() {
    std::string_view text;
    if (!read_string(text)) {
        return false;
    }
    const auto event_class = parse_event_class(text);
    if (!event_class) {
        code_ = ErrorCode::unknown;
        return refuse("this version does not know that class of events");
    }
    event_.event_class = *event_class;
    return true;
}

/// A whole number, in quotes or not, with or without a minus, without needless zeroes.
bool Reader::read_digits(std::string_view& digits) {
    const char* const start = at_;
    take('-');
    const char* const first = at_;
    while (is_digit(*at_)) {
        ++at_;
    }
    digits = {start, static_cast<std::size_t>(at_ - start)};
    if (at_ == first || (*first == '0' && (at_ - first > 1 || first != start))) {
        return refuse("a whole number was expected");
    }
    return true;
}

bool Reader::read_number(Field field) {
    const bool quoted = take('"');
    std::string_view digits;
    if (!read_digits(digits)) {
        return false;
    }
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc{} || quoted == (number <= kSafeNumberMax) || (quoted && !take('"'))) {
        return refuse("a number from 0 to 2^64 - 1 was expected, in quotes from 2^53 on");
    }
    event_.put(field, number);
    return true;
}

bool Reader::read_integer(Field field) {
    const bool quoted = take('"');
    std::string_view digits;
    if (!read_digits(digits)) {
        return false;
    }
    constexpr auto kMax = static_cast<std::int64_t>(kSafeNumberMax);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc{} || quoted == (number >= -kMax && number <= kMax) ||
        (quoted && !take('"'))) {
        return refuse("a number from -2^63 to 2^63 - 1 was expected, in quotes beyond 2^53 - 1");
    }
    event_.put(field, number);
    return true;
}

bool Reader::read_texts(Field field, bool base64) {
    // Once to count and once to read: the array's place comes before what stands in it.
    if (!take('[')) {
        return refuse("an array of strings was expected");
    }
    char* const first = at_;
    std::size_t count = 0;
    if (!skip_elements(']', [&] {
            ++count;
            return skip_string();
        })) {
        return false;
    }
    const std::span<std::string_view> texts = arena_.array<std::string_view>(count);
    char* const behind = at_;
    at_ = first;
    bool all_valid = true;
    for (std::string_view& text : texts) {
        if (!read_string(text) || (base64 && !decode(text))) {
            return false;
        }
        all_valid = all_valid && base64 && is_valid_utf8(text);
        ++at_;
    }
    at_ = behind;
    if (base64 && all_valid) {
        return refuse("it stands in base64, though all of it is valid UTF-8");
    }
    event_.put(field, std::span<const std::string_view>(texts));
    return true;
}

bool Reader::decode(std::string_view& text) {
    const auto bytes = decode_base64(text);
    if (!bytes) {
        return refuse("base64 was expected, padded");
    }
    text = arena_.copy(*bytes);
    return true;
}

bool Reader::read_time(Timestamp& time) {
    std::string_view text;
    if (!read_string(text)) {
        return false;
    }
    const auto parsed = parse_canonical_time(text);
    if (!parsed) {
        return refuse("a time was expected, as in 2026-11-23T02:14:07.120000000Z");
    }
    time = *parsed;
    return true;
}

bool Reader::skip_string() {
    if (!take('"')) {
        return refuse("a string was expected");
    }
    const JsonStringEnd end = find_json_string_end(at_);
    at_ += end.at - at_;
    if (!end.problem.empty()) {
        return refuse(end.problem);
    }
    ++at_;
    has_escapes_ = end.has_escapes;
    return true;
}

bool Reader::read_string(std::string_view& text) {
    char* const start = at_ + 1;
    if (!skip_string()) {
        return false;
    }
    const std::span<char> inside(start, at_ - 1);
    text = has_escapes_ ? unescape_json(inside) : std::string_view(inside.data(), inside.size());
    return true;
}

template <class SkipElement>
bool Reader::skip_elements(char close, SkipElement skip_element) {
    if (take(close)) {
        return true;
    }
    do {
        if (!skip_element()) {
            return false;
        }
    } while (take(','));
    return take(close) || refuse("a comma or the end of an array or object was expected");
}

bool Reader::skip_value(unsigned depth) {
    if (depth == kDepthMax) {
        return refuse("it is nested too deep");
    }
    if (*at_ == '"') {
        return skip_string();
    }
    if (take('[')) {
        return skip_elements(']', [&] { return skip_value(depth + 1); });
    }
    if (take('{')) {
        return skip_elements('}', [&] {
            return skip_string() && (take(':') || refuse("a colon was expected")) &&
                   skip_value(depth + 1);
        });
    }
    for (const std::string_view word : {"true", "false", "null"}) {
        if (std::string_view(at_, end_).starts_with(word)) {
            at_ += word.size();
            return true;
        }
    }
    return skip_number();
}

/// Any number of JSON (RFC 8259 section 6).
bool Reader::skip_number() {
    const auto skip_digits = [&] {
        const char* const first = at_;
        while (is_digit(*at_)) {
            ++at_;
        }
        return at_ != first || refuse("a value was expected");
    };
    take('-');
    if (!(take('0') || skip_digits()) || (take('.') && !skip_digits())) {
        return false;
    }
    if (take('e')) {
        if (!take('-')) {
            take('+');
        }
        return skip_digits();
    }
    return true;
}

}  // namespace

Result<void> decode_canonical(std::string_view text, EventBatch& batch) {
    char* const copy = batch.arena().allocate(text.size() + kPadding);
    if (!text.empty()) {
        std::memcpy(copy, text.data(), text.size());
    }
    std::memset(copy + text.size(), 0, kPadding);
    Reader reader(copy, text.size(), batch.arena(), batch.add(EventClass::gap, {}));
    if (!reader.read()) {
        batch.remove_last();
        return std::unexpected(reader.problem());
    }
    return {};
}

}  // namespace mailvigil
