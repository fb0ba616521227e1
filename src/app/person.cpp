#include "app/person.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/address.h"
#include "base/escape.h"
#include "base/path_map.h"

namespace mailvigil::app {

namespace {

constexpr std::string_view kReally = ", really ";
constexpr std::string_view kLoginId = " (loginuid ";
constexpr std::string_view kNoLogin = " (no login, started by ";

/// Takes the text before the next `separator` and the separator away.
std::string_view take_part(std::string_view& text, std::string_view separator) {
    const std::string_view part = text.substr(0, text.find(separator));
    text.remove_prefix(std::min(text.size(), part.size() + separator.size()));
    return part;
}

/// The last word of `part`, where that is an address, goes to `from`.
std::string_view without_address(std::string_view part, std::string& from) {
    const std::size_t space = part.rfind(' ');
    const std::string_view word = part.substr(space == std::string_view::npos ? 0 : space + 1);
    if (!parse_address(word)) {
        return part;
    }
    from = word;
    part.remove_suffix(word.size() + (space == std::string_view::npos ? 0 : 1));
    if (part == "from") {
        return {};
    }
    constexpr std::string_view kFrom = " from";
    return part.ends_with(kFrom) ? part.substr(0, part.size() - kFrom.size()) : part;
}

std::string_view brief_entrance(std::string_view entrance) {
    if (entrance == "SSH") {
        return "ssh";
    }
    return entrance == "service manager" ? "service" : base_name(entrance);
}

std::string put_together(std::string_view user, std::string_view login, std::string_view how) {
    if (login.empty() && how.empty()) {
        return std::string(user);
    }
    return fmt::format("{} ({}{}{})", user, login, login.empty() || how.empty() ? "" : ", ", how);
}

/// `details`: loginuid 1005, session 53, SSH from 198.51.100.99, sudo 0 s earlier
Person read_login(std::string_view name, std::string_view details) {
    Person person;
    std::string_view how;
    take_part(details, ", ");
    while (!details.empty()) {
        std::string_view part = take_part(details, ", ");
        constexpr std::string_view kSession = "session ";
        if (part.starts_with(kSession)) {
            std::uint64_t number = 0;
            part.remove_prefix(kSession.size());
            const auto [end, error] = std::from_chars(part.begin(), part.end(), number);
            if (error == std::errc{} && end == part.end()) {
                person.session = number;
            }
        } else if (!part.ends_with(" earlier")) {
            how = brief_entrance(without_address(part, person.from));
        }
    }
    const std::string_view user = take_part(name, kReally);
    person.who = put_together(user, name, how);
    return person;
}

}  // namespace

Person read_person(std::string_view text) {
    Person person{.who = std::string(text), .from = {}, .session = {}};
    if (!text.ends_with(')')) {
        return person;
    }
    const std::string_view inside = text.substr(0, text.size() - 1);
    if (const std::size_t at = text.find(kLoginId); at != std::string_view::npos) {
        return read_login(text.substr(0, at), inside.substr(at + 2));
    }
    if (const std::size_t at = text.find(kNoLogin); at != std::string_view::npos) {
        const std::string_view program = base_name(inside.substr(at + kNoLogin.size()));
        person.who = put_together(text.substr(0, at), program.empty() ? "no login" : program, {});
        return person;
    }
    if (const std::size_t at = text.rfind(" ("); at != std::string_view::npos) {
        std::string_view how = inside.substr(at + 2);
        std::string_view login;
        if (const std::size_t comma = how.rfind(", "); comma != std::string_view::npos) {
            login = how.substr(0, comma);
            how.remove_prefix(comma + 2);
        }
        how = without_address(how, person.from);
        person.who = put_together(text.substr(0, at), login, how);
    }
    return person;
}

std::string command_of(const Event& event) {
    if (event.has(Field::process_command_line)) {
        return std::string(event.process_command_line());
    }
    std::string line;
    for (const std::string_view argument : event.process_args()) {
        line += line.empty() ? "" : " ";
        line += shell_quote(argument);
    }
    return line.empty() ? std::string(event.process_executable()) : line;
}

std::string who_of(const Event& event) {
    for (const Field field : {Field::finding_who, Field::user_name}) {
        if (event.has(field)) {
            return std::string(event.text_of(field));
        }
    }
    return event.has(Field::user_id) ? fmt::format("uid {}", event.user_id()) : "";
}

Person person_of(const Event& event) {
    Person person = read_person(who_of(event));
    if (event.has(Field::session_id)) {
        person.session = event.session_id();
    }
    if (event.has(Field::source_ip)) {
        person.from = render(event.source_ip());
    }
    return person;
}

}  // namespace mailvigil::app
