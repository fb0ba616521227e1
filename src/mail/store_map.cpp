#include "mail/store_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/suggest.h"
#include "base/yaml_reader.h"
#include "mail/store/roster.h"

namespace mailvigil::mail {

std::string StorePlace::mailbox() const {
    if (user.empty()) {
        return std::string(root);
    }
    // Some trees name their directories user@domain already.
    return domain.empty() || user.contains('@') ? std::string(user)
                                                : fmt::format("{}@{}", user, domain);
}

std::string StorePlace::folder_name() const {
    if (folder.empty()) {
        return "INBOX";
    }
    std::string name;
    if (format->name_folder == nullptr) {
        name = folder;
    } else {
        format->name_folder(folder, name);
    }
    return name;
}

/// Fills a StoreMap and says what it could not use.
class StoreMap::Loader {
  public:
    Loader(StoreMap& map, Diagnostics& diagnostics) : map_(map), diagnostics_(diagnostics) {
        for (const StoreFormat* format : store::roster()) {
            format_names_.push_back(format->name);
        }
    }

    void read_catalogue(const yaml::Node& catalogue,
                        std::string_view source,
                        const WatchedMailDirs& watched) {
        yaml::Reader reader(catalogue, source, diagnostics_);
        bases_ = PathBases::read(reader.node("bases"), source, diagnostics_);
        for (const yaml::Node* node : reader.mappings("stores")) {
            read_store(*node, source, watched);
        }
        reader.finish();
    }

    void apply(const WatchedMailDirs& watched) {
        for (StoreEntry entry : watched.add) {
            while (entry.path.size() > 1 && entry.path.ends_with('/')) {
                entry.path.pop_back();
            }
            if (!entry.path.ends_with("/**")) {
                entry.path += entry.path == "/" ? "**" : "/**";
            }
            entry.format = entry.format.empty() ? "opaque" : entry.format;
            entry.software = entry.software.empty() ? "watched directory" : entry.software;
            add(entry, watched.source, Again::replaces);
        }
        for (const std::string& path : watched.remove) {
            if (std::ranges::find(written_, path) == written_.end()) {
                exclude(path, watched.source);
            }
        }
    }

  private:
    enum class Again { replaces, is_an_error };

    void report(std::string_view source, WrittenAt at, std::string message) {
        diagnostics_.add(
            {Severity::error, std::string(source), at.line, at.column, std::move(message)});
    }

    void read_store(const yaml::Node& node,
                    std::string_view source,
                    const WatchedMailDirs& watched) {
        yaml::Reader reader(node, source, diagnostics_);
        StoreEntry entry;
        const std::vector<std::string> paths = reader.texts("path");
        entry.format = reader.text("format").value_or("");
        entry.software = reader.text("software").value_or("");
        entry.shared = reader.boolean("shared").value_or(false);
        entry.owner = reader.text("owner").value_or("");
        entry.folder = reader.text("folder").value_or("");
        entry.root_above = reader.boolean("root_above").value_or(false);
        if (paths.empty()) {
            reader.missing("path");
        }
        if (entry.software.empty()) {
            reader.missing("software");
        }
        reader.finish();
        const yaml::Node* const path_node = node.find("path");
        for (std::size_t i = 0; i < paths.size(); ++i) {
            entry.path = paths[i];
            const yaml::Node& at = path_node->items.empty() ? *path_node : path_node->items[i];
            entry.written = {at.line, at.column};
            written_.push_back(entry.path);
            if (std::ranges::find(watched.remove, entry.path) == watched.remove.end()) {
                add(entry, source, Again::is_an_error);
            }
        }
    }

    void add(const StoreEntry& entry, std::string_view source, Again again) {
        const auto named = std::ranges::find(format_names_, entry.format);
        if (named == format_names_.end()) {
            report(source,
                   entry.written,
                   fmt::format("unknown format \"{}\" of {}{}",
                               entry.format,
                               entry.path,
                               did_you_mean(entry.format, format_names_)));
            return;
        }
        const StoreFormat* const format =
            store::roster()[static_cast<std::size_t>(named - format_names_.begin())];
        const auto paths = bases_.expand(entry.path);
        if (!paths) {
            report(source, entry.written, paths.error().message);
            return;
        }
        for (const PathBases::Path& path : *paths) {
            StoreEntry expanded = entry;
            expanded.path = path.path;
            if (expanded.owner.empty()) {
                expanded.owner = path.owner;
            }
            if (!add_expanded(std::move(expanded), *format, source, again)) {
                return;
            }
        }
    }

    bool add_expanded(StoreEntry entry,
                      const StoreFormat& format,
                      std::string_view source,
                      Again again) {
        const auto [known, fresh] =
            index_.try_emplace(entry.path, static_cast<std::uint32_t>(map_.entries_.size()));
        if (!fresh && again == Again::is_an_error) {
            report(source,
                   entry.written,
                   fmt::format("path {} is given twice; remove one", entry.path));
            return true;
        }
        if (!fresh) {
            map_.formats_[known->second] = &format;
            map_.entries_[known->second] = std::move(entry);
            return true;
        }
        std::string problem = unknown_capture(entry.path);
        if (problem.empty() && map_.entries_.size() >= kEntriesMax) {
            problem = fmt::format("more than {} patterns; {} is left out", kEntriesMax, entry.path);
        }
        if (problem.empty()) {
            if (const auto added = map_.map_.add(entry.path, known->second); !added) {
                problem = added.error().message;
            }
        }
        if (!problem.empty()) {
            report(source, entry.written, std::move(problem));
            index_.erase(known);
            return false;
        }
        map_.formats_.push_back(&format);
        map_.entries_.push_back(std::move(entry));
        return true;
    }

    /// A misspelt {usr} would silently lose every owner.
    static std::string unknown_capture(std::string_view path) {
        static constexpr std::string_view kNames[] = {"user", "domain"};
        const std::string_view whole = path;
        for (std::size_t open = path.find('{'); open != std::string_view::npos;
             open = path.find('{')) {
            path.remove_prefix(open + 1);
            const std::string_view name = path.substr(0, path.find_first_of(":}"));
            if (std::ranges::find(kNames, name) == std::end(kNames)) {
                return fmt::format("path {} has the unknown capture {{{}}}{}",
                                   whole,
                                   name,
                                   did_you_mean(name, kNames));
            }
        }
        return {};
    }

    void exclude(std::string_view path, std::string_view source) {
        while (path.size() > 1 && path.ends_with('/')) {
            path.remove_suffix(1);
        }
        const std::string pattern = path.ends_with("/**")
                                        ? std::string(path)
                                        : fmt::format("{}/**", path == "/" ? "" : path);
        const auto paths = bases_.expand(pattern);
        const std::vector<std::string_view> known(written_.begin(), written_.end());
        if (!paths) {
            report(source, {}, paths.error().message);
            return;
        }
        for (const PathBases::Path& one : *paths) {
            if (const auto added = map_.excluded_.add(one.path, 0); !added) {
                report(source,
                       {},
                       fmt::format(
                           "cannot remove \"{}\": neither a path nor a pattern of the catalogue{}",
                           path,
                           did_you_mean(path, known)));
                return;
            }
        }
    }

    StoreMap& map_;
    Diagnostics& diagnostics_;
    PathBases bases_;
    std::vector<std::string_view> format_names_;
    std::vector<std::string> written_;            ///< the catalogue's paths as written
    std::map<std::string, std::uint32_t> index_;  ///< entries by expanded path
};

StoreMap StoreMap::load(const yaml::Node& catalogue,
                        std::string_view source,
                        const WatchedMailDirs& watched,
                        Diagnostics& diagnostics) {
    StoreMap map;
    Loader loader(map, diagnostics);
    loader.read_catalogue(catalogue, source, watched);
    loader.apply(watched);
    return map;
}

void StoreMap::each_pattern(const std::function<void(std::string_view)>& visit) const {
    for (const StoreEntry& entry : entries_) {
        visit(entry.path);
    }
}

std::optional<StorePlace> StoreMap::locate(std::string_view path, bool directory) const {
    const auto match = map_.find(path);
    if (!match || excluded_.find(path)) {
        return {};
    }
    const StoreEntry& entry = entries_[match->value];
    const StoreFormat& format = *formats_[match->value];
    std::string_view root = match->root;
    std::string_view rest = match->rest;
    if (entry.root_above) {
        root = root.substr(0, root.rfind('/'));
        rest = path.substr(root.size() + 1);
    }
    const auto place = format.locate(rest, directory);
    if (!place) {
        return {};
    }
    // A pattern without `/**` names a file; a directory there is part of some tree and names no
    // owner.
    const bool names_owner = !directory || entry.path.ends_with("/**");
    const std::string_view user =
        match->capture("user").empty() ? entry.owner : match->capture("user");
    return StorePlace{.format = &format,
                      .software = entry.software,
                      .user = names_owner ? user : std::string_view(),
                      .domain = match->capture("domain"),
                      .folder = place->folder.empty() ? entry.folder : place->folder,
                      .root = root,
                      .kind = place->kind,
                      .shared = entry.shared};
}

}  // namespace mailvigil::mail
