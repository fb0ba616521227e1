#include "detect/analytic/mail_collection/flow.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/path_map.h"
#include "detect/analytic/mail_collection/destination.h"
#include "detect/analytic/mail_collection/tracker.h"

namespace mailvigil::detect::analytic::collection {

using lineage::Process;

bool is_staging(Act act) {
    return act == Act::archive || act == Act::compress || act == Act::encode ||
           act == Act::encrypt || act == Act::copy;
}

bool is_way_out(Act act) {
    return act == Act::upload || act == Act::submit || act == Act::transfer || act == Act::serve;
}

std::string full_path(const Process& process, std::string_view path) {
    std::string full;
    normalise_path(process.working_directory, path, full);
    return full;
}

bool is_bookkeeping(std::string_view path) {
    const std::string_view name = path.substr(path.rfind('/') + 1);
    return path.starts_with("/dev/pts/") || path.starts_with("/dev/tty") || path == "/dev/null" ||
           path.starts_with("/proc/") || path.starts_with("/sys/") ||
           path.starts_with("/var/log/") || path.starts_with("/run/lock/") ||
           name.starts_with(".lesshst") || name.ends_with("_history") ||
           name.ends_with("_history.tmp") || name.starts_with(".viminfo") ||
           name.ends_with(".swp") || name.ends_with(".swx") || name.ends_with(".lock") ||
           name.ends_with(".pyc") || name == "__pycache__" || name == ".sudo_as_admin_successful" ||
           path.find("/__pycache__/") != std::string_view::npos;
}

Collection* Tracker::carried_by(const Process& process) {
    const Trail& trail = trail_of(process);
    if (!trail.carries) {
        return nullptr;
    }
    for (const auto& collection : collections_) {
        if (collection->key == trail.carried_from && collection->kind == Verdict::collection) {
            return collection.get();
        }
    }
    return nullptr;
}

Collection* Tracker::holding(std::string_view path) {
    if (artefacts_.empty()) {
        return nullptr;
    }
    auto found = artefacts_.lower_bound(path);
    if (found == artefacts_.end() || !found->first.starts_with(path)) {
        return nullptr;
    }
    if (found->first != path) {
        // A folder that was packed or sent whole.
        const std::string below = std::string(path) + "/";
        found = artefacts_.lower_bound(below);
        if (found == artefacts_.end() || !found->first.starts_with(below)) {
            return nullptr;
        }
    }
    for (const auto& collection : collections_) {
        if (collection->key == found->second && collection->kind == Verdict::collection) {
            return collection.get();
        }
    }
    return nullptr;
}

Collection* Tracker::recent(const Process& process, Timestamp time, std::string& reason) {
    const GroupKey key = group_of(process, context_.lineage);
    const Duration window = context_.knowledge.settings.time_window;
    Collection* by_person = nullptr;
    for (const auto& collection : collections_) {
        if (collection->last + window < time || !collection->concerns_others() ||
            collection->kind != Verdict::collection) {
            continue;
        }
        if (collection->key == key) {
            reason = fmt::format("in the same {}, {} after the mail was read",
                                 key.session == kUnset ? "process tree" : "session",
                                 render_duration(time - collection->last));
            return collection.get();
        }
        const bool same_login =
            process.login_user != kUnset && process.login_user == collection->login_user;
        const bool same_account = process.login_user == kUnset &&
                                  collection->login_user == kUnset &&
                                  process.user.value == collection->user;
        if (same_login || same_account) {
            by_person = collection.get();
        }
    }
    if (by_person != nullptr) {
        reason = fmt::format(
            "by the same person in another session, {} after the mail was read (within TimeWindow "
            "{})",
            render_duration(time - by_person->last),
            render_duration(window));
    }
    return by_person;
}

Collection* Tracker::flow_into(const Process& process, const CommandUse& use, std::string& reason) {
    if (Collection* collection = carried_by(process)) {
        reason = "the process that sent it had the mail open or was fed with it";
        return collection;
    }
    for (const std::string& source : use.sources) {
        const std::string path = full_path(process, source);
        if (Collection* collection = holding(path)) {
            reason = fmt::format("{} holds collected mail", path);
            return collection;
        }
    }
    if (!use.standard_input && !use.in_arguments) {
        return nullptr;
    }
    const GroupKey key = group_of(process, context_.lineage);
    const Duration near = use.standard_input ? kPipeline : Duration(std::chrono::minutes(1));
    for (const auto& collection : collections_) {
        if (collection->key == key && collection->has_tainted_near(process.exec_time, near)) {
            reason = use.standard_input
                         ? "fed by a pipe from the program that read the mail"
                         : "content stands in its arguments right after the mail was read";
            return collection.get();
        }
    }
    return nullptr;
}

bool Tracker::is_way_out_by_name(const CommandUse& use) const {
    const auto& removed = context_.knowledge.settings.process_name_list.remove;
    return is_way_out(use.act) && std::ranges::find(removed, use.tool) == removed.end();
}

void Tracker::tell(Collection& collection, Timestamp time) {
    if (auto finding = collection.update(time, false)) {
        context_.findings.push_back(std::move(*finding));
    }
}

void Tracker::consider_staging(const Process& process, const CommandUse& use, const Event& event) {
    std::string reason;
    Collection* collection = flow_into(process, use, reason);
    if (collection == nullptr) {
        return;
    }
    to_taint_.push_back(process.self);
    collection->add_command(process);
    const std::string how = fmt::format("{} ({})", use.tool, to_text(use.act));
    for (const std::string& output : use.outputs) {
        const std::string path = full_path(process, output);
        if (path.empty() || is_bookkeeping(path) || context_.knowledge.stores.locate(path, false)) {
            continue;
        }
        if (artefacts_.size() < kCollectionsMax * Collection::kArtefactsMax) {
            artefacts_.insert_or_assign(path, collection->key);
        }
        collection->add_artefact(path, how, event);
    }
    // Where it names its output, that was told with the file.
    if (use.act != Act::copy) {
        collection->add_staging(use.act, use.outputs.empty() ? how : std::string(), event);
    }
    tell(*collection, event.time);
}

void Tracker::consider_way_out(const Process& process, const CommandUse& use, const Event& event) {
    if (!is_way_out_by_name(use) || stays_here(use, context_.knowledge.settings)) {
        return;
    }
    // An image is told of once, however often its processes come to mind.
    Trail& trail = trail_of(process);
    const bool told = trail.sent_with == process.exec_event && !trail.sent_with.empty();
    std::string reason;
    Tie tie = Tie::flow;
    Collection* collection = flow_into(process, use, reason);
    if (told && (collection == nullptr || trail.sent_tie == Tie::flow)) {
        return;
    }
    if (collection == nullptr) {
        tie = Tie::session;
        collection = recent(process, event.time, reason);
    }
    if (collection == nullptr) {
        return;
    }
    const std::string to = use.destination.empty()
                               ? "a destination that the command line does not name"
                               : use.destination;
    collection->add_command(process);
    collection->add_way_out(
        use.act,
        tie,
        fmt::format("{} → {} ({}; {})", use.tool, to, to_text(use.act), use.because),
        fmt::format("{}: {}", use.tool, reason),
        event);
    if (use.opaque) {
        collection->add_reason(fmt::format(
            "{}: what it sends stands in a file that the command line only names", use.tool));
    }
    trail.sent_with = process.exec_event;
    trail.sent_tie = tie;
    if (tie == Tie::flow) {
        to_taint_.push_back(process.self);
    }
    tell(*collection, event.time);
}

void Tracker::consider_uses(const Process& process, const Event& event) {
    const std::vector<CommandUse> uses = context_.facts.of(process).uses;
    for (const CommandUse& use : uses) {
        if (is_staging(use.act)) {
            consider_staging(process, use, event);
        }
        if (is_way_out(use.act)) {
            consider_way_out(process, use, event);
        }
    }
}

void Tracker::hold(Collection& collection,
                   const std::vector<std::string>& paths,
                   const Process& process,
                   const Event& event) {
    for (const std::string& path : paths) {
        artefacts_.insert_or_assign(path, collection.key);
        collection.add_artefact(path, process.name, event);
    }
}

void Tracker::taint(Collection& collection, const Process& first, const Event& event) {
    to_taint_.assign(1, first.self);
    // Taint spreads along pipes and files; each process once.
    for (std::size_t i = 0; i < to_taint_.size(); ++i) {
        const Process* process = context_.lineage.find(to_taint_[i]);
        if (process == nullptr || trail_of(*process).carries) {
            continue;
        }
        trail_of(*process).carries = true;
        trail_of(*process).carried_from = collection.key;
        collection.taint(*process);
        collection.add_command(*process);
        const Trail trail = trail_of(*process);
        hold(collection, trail.created, *process, event);
        // What a script's programs print goes where the script's own shell had opened a file
        // before.
        context_.lineage.ancestors(*process, [&](const Process& ancestor) {
            const bool script = ancestor.script_kind == lineage::ScriptKind::file ||
                                ancestor.script_kind == lineage::ScriptKind::inline_text;
            if (script) {
                const std::vector<std::string> created = trail_of(ancestor).created;
                hold(collection, created, ancestor, event);
            }
            return script || ancestor.args.size() > 1;
        });
        const Process* parent = context_.lineage.parent(*process);
        const Trail parent_trail = parent == nullptr ? Trail{} : trail_of(*parent);
        const Trail& connected = trail.connected.empty() ? parent_trail : trail;
        if (!connected.connected.empty() &&
            connected.connected_time + context_.knowledge.settings.time_window >= event.time) {
            collection.add_way_out(Act::upload,
                                   Tie::flow,
                                   fmt::format("{} → {}", process->name, connected.connected),
                                   fmt::format("{} read the mail while it held a connection to {}",
                                               process->name,
                                               connected.connected),
                                   event);
            collection.add_evidence(connected.connected_event);
        }
        consider_uses(*process, event);
        const GroupKey key = group_of(*process, context_.lineage);
        for (const Consumer& consumer : consumers_) {
            if (consumer.key == key && collection.has_tainted_near(consumer.time, kPipeline)) {
                to_taint_.push_back(consumer.process);
            }
        }
    }
    to_taint_.clear();
}

}  // namespace mailvigil::detect::analytic::collection
