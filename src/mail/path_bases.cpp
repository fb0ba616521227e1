#include "mail/path_bases.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/path_map.h"
#include "base/suggest.h"
#include "base/yaml_reader.h"

namespace mailvigil::mail {

namespace {

PathBases::Path read_path(const yaml::Node& node,
                          std::string_view source,
                          Diagnostics& diagnostics) {
    if (node.kind == yaml::Kind::scalar) {
        return {node.scalar, {}};
    }
    yaml::Reader reader(node, source, diagnostics);
    PathBases::Path path{reader.text("path").value_or(""), reader.text("owner").value_or("")};
    reader.finish();
    return path;
}

}  // namespace

PathBases PathBases::read(const yaml::Node* node,
                          std::string_view source,
                          Diagnostics& diagnostics) {
    PathBases bases;
    if (node == nullptr) {
        return bases;
    }
    const auto report = [&](const yaml::Node& at, std::string message) {
        diagnostics.add(
            {Severity::error, std::string(source), at.line, at.column, std::move(message)});
    };
    if (node->kind != yaml::Kind::mapping) {
        report(*node, "\"bases\" must have \"name: list of paths\" lines");
        return bases;
    }
    for (const auto& [name, list] : node->entries) {
        if (list.kind != yaml::Kind::sequence || list.items.size() > kPathsMax) {
            report(list,
                   fmt::format("base \"{}\" must be a list of at most {} paths", name, kPathsMax));
            continue;
        }
        Base base{name, {}};
        for (const yaml::Node& item : list.items) {
            const Path written = read_path(item, source, diagnostics);
            // A base may start from one that stands above it: `~/.thunderbird`.
            const auto paths = bases.expand(written.path);
            if (!paths) {
                report(item, paths.error().message);
                continue;
            }
            for (const Path& path : *paths) {
                if (!is_normal_path(path.path) || path.path == "/") {
                    report(
                        item,
                        fmt::format(
                            "\"{}\" must be an absolute path below /, without a slash at its end",
                            path.path));
                    continue;
                }
                base.paths.push_back(
                    {path.path, written.owner.empty() ? path.owner : written.owner});
            }
        }
        bases.bases_.push_back(std::move(base));
    }
    return bases;
}

Result<std::vector<PathBases::Path>> PathBases::expand(std::string_view path) const {
    std::string_view name;
    std::string_view below = path;
    if (path == "~" || path.starts_with("~/")) {
        name = "home";
        below.remove_prefix(1);
    } else if (path.starts_with('{') && path.contains('}')) {
        name = path.substr(1, path.find('}') - 1);
        below.remove_prefix(name.size() + 2);
    } else {
        return std::vector<Path>{{std::string(path), {}}};
    }
    const auto base = std::ranges::find(bases_, name, &Base::name);
    if (base == bases_.end()) {
        std::vector<std::string_view> names;
        for (const Base& known : bases_) {
            names.push_back(known.name);
        }
        return fail(ErrorCode::unknown,
                    fmt::format("path \"{}\" starts with the unknown base {{{}}}{}",
                                path,
                                name,
                                did_you_mean(name, names)));
    }
    std::vector<Path> paths;
    for (const Path& start : base->paths) {
        paths.push_back({start.path + std::string(below), start.owner});
    }
    return paths;
}

}  // namespace mailvigil::mail
