#include "app/configuration.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/fd.h"
#include "base/yaml_reader.h"

namespace mailvigil::app {

namespace {

using yaml::Node;
using yaml::Reader;

constexpr std::size_t kFileBytesMax = 8 * 1024 * 1024;

/// {add: […], remove: […]}; a plain list is `add`.
detect::NameList read_names(Reader& top, std::string_view key) {
    const Node* node = top.node(key);
    detect::NameList list;
    if (node == nullptr || node->kind == yaml::Kind::null) {
        return list;
    }
    if (node->kind != yaml::Kind::mapping) {
        list.add = top.texts(key);
        return list;
    }
    Reader reader(*node, top.source(), top.diagnostics());
    list.add = reader.texts("add");
    list.remove = reader.texts("remove");
    reader.finish();
    return list;
}

mail::StoreEntry read_store(const Node& node, Reader& parent) {
    mail::StoreEntry entry;
    if (node.kind == yaml::Kind::scalar) {
        entry.path = node.scalar;
        return entry;
    }
    Reader reader(node, parent.source(), parent.diagnostics());
    entry.path = reader.text("path").value_or("");
    entry.format = reader.text("format").value_or("");
    entry.software = reader.text("software").value_or("");
    entry.shared = reader.boolean("shared").value_or(false);
    entry.owner = reader.text("owner").value_or("");
    if (entry.path.empty()) {
        reader.missing("path");
    }
    reader.finish();
    return entry;
}

mail::WatchedMailDirs read_watched(Reader& top) {
    mail::WatchedMailDirs watched;
    watched.source = top.source();
    const Node* node = top.node("WatchedMailDirs");
    if (node == nullptr || node->kind == yaml::Kind::null) {
        return watched;
    }
    const Node* add = node;
    if (node->kind == yaml::Kind::mapping) {
        Reader reader(*node, top.source(), top.diagnostics());
        add = reader.node("add");
        watched.remove = reader.texts("remove");
        reader.finish();
    }
    if (add == nullptr || add->kind == yaml::Kind::null) {
        return watched;
    }
    if (add->kind != yaml::Kind::sequence) {
        top.report("WatchedMailDirs",
                   "\"WatchedMailDirs\" must be a list of paths, or have \"add\" and \"remove\"");
        return watched;
    }
    for (const Node& item : add->items) {
        mail::StoreEntry entry = read_store(item, top);
        entry.written = {item.line, item.column};
        if (!entry.path.empty()) {
            watched.add.push_back(std::move(entry));
        }
    }
    return watched;
}

std::vector<detect::Declaration> read_declarations(Reader& top) {
    std::vector<detect::Declaration> declarations;
    for (const Node* node : top.mappings("declarations")) {
        Reader reader(*node, top.source(), top.diagnostics());
        detect::Declaration declaration;
        declaration.reason = reader.text("reason").value_or("");
        declaration.by = reader.texts("by");
        declaration.mailboxes = reader.texts("mailboxes");
        declaration.paths = reader.texts("paths");
        declaration.programs = reader.texts("programs");
        declaration.from = reader.time("from");
        declaration.until = reader.time("until");
        if (declaration.reason.empty()) {
            reader.missing("reason");
        } else if (declaration.mailboxes.empty() && declaration.paths.empty()) {
            reader.report(
                "reason",
                "a declaration names \"mailboxes\" or \"paths\"; this one covers nothing");
        } else if (declaration.from && declaration.until &&
                   *declaration.from >= *declaration.until) {
            reader.report("until", "\"until\" must be after \"from\"; this one covers no time");
        } else {
            declarations.push_back(std::move(declaration));
        }
        reader.finish();
    }
    return declarations;
}

std::optional<Duration> parse_clock(std::string_view text) {
    // A time of day is a timestamp without its day; with a zone it could be of another day.
    const auto time = parse_timestamp(fmt::format("1970-01-01T{}", text));
    const bool zoned = text.find_first_not_of("0123456789:.") != std::string_view::npos;
    return time && !zoned ? std::optional(time->time_since_epoch()) : std::nullopt;
}

/// A setting that would mean nothing at 0.
std::uint64_t read_count(Reader& top, std::string_view key, std::uint64_t otherwise) {
    const std::uint64_t count = top.number(key).value_or(otherwise);
    if (count == 0) {
        top.report(key, fmt::format("\"{}\" must be at least 1", key));
        return otherwise;
    }
    return count;
}

std::vector<detect::ChangeWindow> read_windows(Reader& top) {
    constexpr std::array<std::string_view, 7> kDays = {
        "sun", "mon", "tue", "wed", "thu", "fri", "sat"};
    std::vector<detect::ChangeWindow> windows;
    for (const Node* node : top.mappings("change_windows")) {
        const std::uint64_t before = top.diagnostics().errors();
        Reader reader(*node, top.source(), top.diagnostics());
        detect::ChangeWindow window;
        const auto days = reader.texts("days");
        window.weekdays = days.empty() ? 0x7f : 0;
        for (const std::string& day : days) {
            const auto* known = std::ranges::find(kDays, day);
            if (known == kDays.end()) {
                reader.report(
                    "days",
                    fmt::format("\"{}\" is no day; use sun, mon, tue, wed, thu, fri or sat", day));
            } else {
                window.weekdays =
                    static_cast<std::uint8_t>(window.weekdays | (1U << (known - kDays.begin())));
            }
        }
        for (const auto& [key, to] :
             {std::pair("from", &window.from), std::pair("until", &window.until)}) {
            const auto clock = parse_clock(reader.text(key).value_or(""));
            if (!clock) {
                reader.report(
                    key, fmt::format("\"{}\" must be a time of day in UTC such as \"22:00\"", key));
            } else {
                *to = *clock;
            }
        }
        const std::uint64_t said = top.diagnostics().errors();
        if (said == before && window.from == window.until) {
            reader.report("until", "\"until\" must differ from \"from\"; this window is empty");
        }
        reader.finish();
        if (said == before && window.from != window.until) {
            windows.push_back(window);
        }
    }
    return windows;
}

std::vector<Network> read_networks(Reader& top) {
    std::vector<Network> networks;
    for (const std::string& text : top.texts("internal_networks")) {
        if (const auto network = parse_network(text)) {
            networks.push_back(*network);
        } else {
            top.report("internal_networks",
                       fmt::format("\"{}\" is no network such as 192.0.2.0/24", text));
        }
    }
    return networks;
}

}  // namespace

Configuration parse_configuration(std::string_view text,
                                  std::string_view source,
                                  Diagnostics& diagnostics) {
    const Node document = yaml::parse(text, source, diagnostics);
    Reader top(document, source, diagnostics);
    Configuration configuration;
    detect::Settings& settings = configuration.settings;
    settings.watched_mail_dirs = read_watched(top);
    settings.process_name_list = read_names(top, "ProcessNameList");
    settings.time_window = top.duration("TimeWindow").value_or(settings.time_window);
    const detect::NameList scripts = read_names(top, "MailTransportScriptPath");
    settings.mail_transport_script_path = {scripts.add, scripts.remove, std::string(source)};
    settings.user_context = read_names(top, "UserContext");
    settings.exec_frequency_threshold =
        read_count(top, "ExecFrequencyThreshold", settings.exec_frequency_threshold);
    settings.mailboxes_to_harvest =
        read_count(top, "mailboxes_to_harvest", settings.mailboxes_to_harvest);
    settings.declarations = read_declarations(top);
    settings.change_windows = read_windows(top);
    settings.internal_networks = read_networks(top);
    settings.internal_domains = top.texts("internal_domains");
    settings.host_name = top.text("host_name").value_or("");
    configuration.data = top.text("data").value_or(configuration.data);
    top.finish();
    return configuration;
}

Result<std::string> read_file(const std::string& path) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    struct stat status{};
    if (!fd || ::fstat(fd.number(), &status) != 0) {
        return fail(ErrorCode::unreadable,
                    fmt::format("cannot read {}: {}", path, std::strerror(errno)));
    }
    if (!S_ISREG(status.st_mode) || static_cast<std::size_t>(status.st_size) > kFileBytesMax) {
        return fail(
            ErrorCode::unreadable,
            fmt::format(
                "cannot read {}: not a file, or larger than {} MB", path, kFileBytesMax >> 20U));
    }
    std::string text(static_cast<std::size_t>(status.st_size), '\0');
    std::size_t have = 0;
    while (have < text.size()) {
        const ssize_t size = ::read(fd.number(), text.data() + have, text.size() - have);
        if (size < 0) {
            return fail(ErrorCode::unreadable,
                        fmt::format("cannot read {}: {}", path, std::strerror(errno)));
        }
        if (size == 0) {
            break;
        }
        have += static_cast<std::size_t>(size);
    }
    text.resize(have);
    return text;
}

bool default_configuration_exists() {
    // Anything but its absence (no permission, say) is for the reader of it to complain about.
    return ::access(std::string(kDefaultConfiguration).c_str(), F_OK) == 0 || errno != ENOENT;
}

Result<Configuration> load_configuration(const std::optional<std::string>& path,
                                         Diagnostics& diagnostics) {
    const std::string file = path.value_or(std::string(kDefaultConfiguration));
    if (!path && !default_configuration_exists()) {
        return Configuration{};
    }
    const std::string text = TRY(read_file(file));
    Configuration configuration = parse_configuration(text, file, diagnostics);
    struct stat status{};
    const bool named = configuration.data != Configuration{}.data;
    if (named && (::stat(configuration.data.c_str(), &status) != 0 || !S_ISDIR(status.st_mode))) {
        diagnostics.add({Severity::error,
                         file,
                         0,
                         0,
                         fmt::format("\"data\": there is no folder {}", configuration.data)});
    }
    return configuration;
}

}  // namespace mailvigil::app
