#include "mail/configuration_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/suggest.h"
#include "base/yaml_reader.h"

namespace mailvigil::mail {

namespace {

constexpr std::array<std::string_view, 13> kRoles = {"configuration",
                                                     "map",
                                                     "alias",
                                                     "filter",
                                                     "script",
                                                     "binary",
                                                     "plugin",
                                                     "unit",
                                                     "drop_in",
                                                     "hook",
                                                     "user_filter",
                                                     "library_path",
                                                     "cron"};
constexpr std::array<std::string_view, 3> kSeverities = {"high", "medium", "low"};

}  // namespace

std::string_view to_text(ObjectRole role) {
    return kRoles[static_cast<std::size_t>(role)];
}

bool is_temporary_name(std::string_view name) {
    static constexpr std::string_view kEnds[] = {".tmp",
                                                 ".swp",
                                                 ".swo",
                                                 ".swx",
                                                 "~",
                                                 ".dpkg-new",
                                                 ".dpkg-tmp",
                                                 ".dpkg-dist",
                                                 ".dpkg-old",

                                                 ".rpmnew",
                                                 ".rpmsave",
                                                 ".ucf-dist",
                                                 ".ucf-new",
                                                 ".ucf-old"};
    static constexpr std::string_view kStarts[] = {
        ".ansible_tmp", ".#", "#", ".~", ".goutputstream-", "__db."};
    // sed -i: "sed" and six random letters.
    constexpr std::size_t kSedBytes = 9;
    const bool sed =
        name.size() == kSedBytes && name.starts_with("sed") &&
        std::ranges::all_of(name, [](char c) {
            return ('0' <= c && c <= '9') || ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z');
        });
    // vim tries whether it may write a directory by creating this name.
    return sed || name == "4913" ||
           std::ranges::any_of(kEnds, [&](std::string_view end) { return name.ends_with(end); }) ||
           std::ranges::any_of(kStarts,
                               [&](std::string_view start) { return name.starts_with(start); });
}

/// Fills a ConfigurationMap and says what it could not use.
class ConfigurationMap::Loader {
  public:
    Loader(ConfigurationMap& map, Diagnostics& diagnostics)
        : map_(map), diagnostics_(diagnostics) {}

    void read_catalogue(const yaml::Node& catalogue,
                        std::string_view source,
                        const MailTransportScriptPath& scripts) {
        yaml::Reader reader(catalogue, source, diagnostics_);
        bases_ = PathBases::read(reader.node("bases"), source, diagnostics_);
        for (const yaml::Node* node : reader.mappings("places")) {
            read_place(*node, source);
        }
        read_units(reader.node("units"), source);
        for (const std::string& path : reader.texts("transport_script_paths")) {
            if (std::ranges::find(scripts.remove, path) == scripts.remove.end()) {
                add_script_path(path, source, "transport script");
            }
            shipped_scripts_.push_back(path);
        }
        reader.finish();
    }

    void apply(const MailTransportScriptPath& scripts) {
        for (const std::string& path : scripts.add) {
            add_script_path(path, scripts.source, "transport script");
        }
        for (const std::string& path : scripts.remove) {
            if (std::ranges::find(shipped_scripts_, path) != shipped_scripts_.end()) {
                continue;
            }
            if (const auto added = map_.excluded_.add(subtree(path), 0); !added) {
                const std::vector<std::string_view> known(shipped_scripts_.begin(),
                                                          shipped_scripts_.end());
                report(
                    scripts.source,
                    {},
                    fmt::format("cannot remove \"{}\": neither a path nor one of the catalogue's{}",
                                path,
                                did_you_mean(path, known)));
            }
        }
    }

  private:
    void report(std::string_view source, WrittenAt at, std::string message) {
        diagnostics_.add(
            {Severity::error, std::string(source), at.line, at.column, std::move(message)});
    }

    /// The text of `key` as one of `words`; reports what is missing or misspelt.
    static std::optional<std::size_t> word(yaml::Reader& reader,
                                           std::string_view key,
                                           std::span<const std::string_view> words) {
        const auto text = reader.text(key);
        if (!text) {
            reader.missing(key);
            return {};
        }
        const auto at = std::ranges::find(words, *text);
        if (at == words.end()) {
            reader.report(
                key, fmt::format("unknown {} \"{}\"{}", key, *text, did_you_mean(*text, words)));
            return {};
        }
        return static_cast<std::size_t>(at - words.begin());
    }

    std::optional<Entry> read_meaning(yaml::Reader& reader) {
        Entry entry;
        const auto role = word(reader, "role", kRoles);
        const auto severity = word(reader, "severity", kSeverities);
        for (const auto& [key, field] : {std::pair{"software", &Entry::software},
                                         std::pair{"activation", &Entry::activation},
                                         std::pair{"means", &Entry::means}}) {
            entry.*field = reader.text(key).value_or("");
            if ((entry.*field).empty()) {
                reader.missing(key);
            }
        }
        if (!role || !severity) {
            return {};
        }
        entry.role = static_cast<ObjectRole>(*role);
        entry.severity = kSeverities[*severity];
        return entry;
    }

    void read_place(const yaml::Node& node, std::string_view source) {
        yaml::Reader reader(node, source, diagnostics_);
        const std::vector<std::string> paths = reader.texts("path");
        const auto entry = read_meaning(reader);
        if (paths.empty()) {
            reader.missing("path");
        }
        reader.finish();
        if (!entry || paths.empty()) {
            return;
        }
        const yaml::Node* const path_node = node.find("path");
        for (std::size_t i = 0; i < paths.size(); ++i) {
            const yaml::Node& at = path_node->items.empty() ? *path_node : path_node->items[i];
            add(*entry, paths[i], source, {at.line, at.column}, Again::is_an_error);
        }
    }

    /// Units of mail software: each name in each unit directory, with its drop-ins and the links
    /// that enable it.
    void read_units(const yaml::Node* node, std::string_view source) {
        if (node == nullptr) {
            return;
        }
        yaml::Reader reader(*node, source, diagnostics_);
        const std::vector<std::string> directories = reader.texts("directories");
        const std::vector<std::string> names = reader.texts("names");
        reader.finish();
        const WrittenAt at{node->line, node->column};
        const Entry unit{.path = {},
                         .software = "service manager",
                         .role = ObjectRole::unit,
                         .owner = {},
                         .activation = "daemon-reload and restart",
                         .means =
                             "decides which program runs as this mail service, as whom and with "
                             "what environment",
                         .severity = "high",
                         .written = {}};
        Entry drop_in = unit;
        drop_in.role = ObjectRole::drop_in;
        for (const std::string& directory : directories) {
            for (const std::string& name : names) {
                add(unit, fmt::format("{}/{}", directory, name), source, at, Again::is_an_error);
                add(unit,
                    fmt::format("{}/*.wants/{}", directory, name),
                    source,
                    at,
                    Again::is_an_error);
                add(drop_in,
                    fmt::format("{}/{}.d/**", directory, name),
                    source,
                    at,
                    Again::is_an_error);
            }
        }
    }

    static std::string subtree(std::string_view path) {
        while (path.size() > 1 && path.ends_with('/')) {
            path.remove_suffix(1);
        }
        return path.ends_with("/**") ? std::string(path)
                                     : fmt::format("{}/**", path == "/" ? "" : path);
    }

    void add_script_path(std::string_view path,
                         std::string_view source,
                         std::string_view software) {
        const Entry script{.path = {},
                           .software = std::string(software),
                           .role = ObjectRole::script,
                           .owner = {},
                           .activation = "next run of the script",
                           .means = "runs inside the mail flow and sees the messages it is given",
                           .severity = "high",
                           .written = {}};
        if (add(script, subtree(path), source, {}, Again::replaces)) {
            map_.scripts_.emplace_back(path);
        }
    }

    enum class Again { replaces, is_an_error };

    bool add(const Entry& entry,
             std::string_view pattern,
             std::string_view source,
             WrittenAt at,
             Again again) {
        const auto paths = bases_.expand(pattern);
        if (!paths) {
            report(source, at, paths.error().message);
            return false;
        }
        return std::ranges::all_of(*paths, [&](const PathBases::Path& path) {
            Entry expanded = entry;
            expanded.path = path.path;
            expanded.owner = path.owner;
            expanded.written = at;
            return add_expanded(std::move(expanded), source, again);
        });
    }

    bool add_expanded(Entry entry, std::string_view source, Again again) {
        const auto [known, fresh] =
            index_.try_emplace(entry.path, static_cast<std::uint32_t>(map_.entries_.size()));
        if (!fresh) {
            if (again == Again::is_an_error) {
                report(source,
                       entry.written,
                       fmt::format("path {} is given twice; remove one", entry.path));
            } else {
                map_.entries_[known->second] = std::move(entry);
            }
            return true;
        }
        const auto added = map_.map_.add(entry.path, known->second);
        if (!added || map_.entries_.size() >= kEntriesMax) {
            report(source,
                   entry.written,
                   added ? fmt::format(
                               "more than {} patterns; {} is left out", kEntriesMax, entry.path)
                         : added.error().message);
            index_.erase(known);
            return false;
        }
        map_.entries_.push_back(std::move(entry));
        return true;
    }

    ConfigurationMap& map_;
    Diagnostics& diagnostics_;
    PathBases bases_;
    std::vector<std::string> shipped_scripts_;
    std::map<std::string, std::uint32_t> index_;  ///< entries by expanded path
};

ConfigurationMap ConfigurationMap::load(const yaml::Node& catalogue,
                                        std::string_view source,
                                        const MailTransportScriptPath& scripts,
                                        Diagnostics& diagnostics) {
    ConfigurationMap map;
    Loader loader(map, diagnostics);
    loader.read_catalogue(catalogue, source, scripts);
    loader.apply(scripts);
    return map;
}

void ConfigurationMap::each_pattern(
    const std::function<void(std::string_view pattern, ObjectRole role)>& visit) const {
    for (const Entry& entry : entries_) {
        visit(entry.path, entry.role);
    }
}

std::optional<ConfigurationPlace> ConfigurationMap::locate(std::string_view path) const {
    const auto match = map_.find(path);
    if (!match || excluded_.find(path)) {
        return {};
    }
    const Entry& entry = entries_[match->value];
    const std::string_view user =
        match->capture("user").empty() ? entry.owner : match->capture("user");
    return ConfigurationPlace{
        .software = entry.software,
        .role = entry.role,
        .user = entry.role == ObjectRole::user_filter ? user : std::string_view(),
        .activation = entry.activation,
        .means = entry.means,
        .severity = entry.severity,
        .transient = is_temporary_name(path.substr(path.rfind('/') + 1))};
}

}  // namespace mailvigil::mail
