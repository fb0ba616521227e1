#include "app/recorder.h"

#include <fmt/format.h>

#include "app/shortening.h"
#include "event/canonical.h"
#include "event/vocabulary.h"
#include "evidence/retention.h"

namespace mailvigil::app {

using evidence::Index;
using evidence::kLeafBytesMax;
using evidence::Ledger;
using evidence::LedgerReader;

namespace {

/// On a quiet host the index is written so often; what it lacks is read from the ledger's end.
constexpr Duration kIndexEvery = std::chrono::minutes(1);

/// Of a log that is about to be read; the record of what was read is a `source`.
constexpr std::string_view kReading = "reading";

}  // namespace

Recorder::Recorder(evidence::Disk& disk, RecorderOptions options)
    : disk_(disk), options_(std::move(options)) {}

Result<std::unique_ptr<Recorder>> Recorder::open(evidence::Disk& disk, RecorderOptions options) {
    std::unique_ptr<Recorder> recorder(new Recorder(disk, std::move(options)));
    TRY(recorder->start());
    return recorder;
}

Result<void> Recorder::start() {
    evidence::LedgerOptions options;
    options.host = options_.host;
    options.commit_within = options_.commit_within;
    ledger_ = TRY(Ledger::open(disk_, options_.folder, std::move(options), now()));
    reader_ = TRY(LedgerReader::open(disk_, options_.folder));
    auto index = Index::open(options_.folder, Index::Mode::write);
    const Result<void> ready =
        index ? (*index)->catch_up(*reader_, [](std::uint64_t) {}) : std::unexpected(index.error());
    if (ready) {
        index_ = std::move(*index);
    } else {
        give_up_index(ready.error());
    }
    indexed_ = now();
    ledger_->on_append = [this](std::uint64_t leaf, const Event& event) {
        if (index_ == nullptr) {
            return;
        }
        if (const Result<void> added = index_->add(leaf, event); !added) {
            give_up_index(added.error());
        }
    };
    return {};
}

void Recorder::say(std::string_view message) const {
    if (options_.say) {
        options_.say(message);
    }
}

// The index is no evidence: sealing goes on without it.
void Recorder::give_up_index(const Error& error) {
    say(
        fmt::format("the index is left behind ({}); the records are safe, and `mailvigil evidence "
                    "reindex` makes it anew",
                    error.message));
    index_.reset();
}

void Recorder::append(const Event& event) {
    if (surely_fits(event, kLeafBytesMax)) {
        ledger_->append(event, now());
        return;
    }
    arena_.clear();
    Event shortened = event;
    shorten(shortened, kLeafBytesMax, arena_);
    ledger_->append(shortened, now());
}

void Recorder::record(const Event& event) {
    if (event.event_class == EventClass::access) {
        // There is one of these for all that anybody does. No answer needs the kind of the store,
        // which its path tells, nor an end that is the beginning.
        Event lean = event;
        lean.remove(Field::store_format);
        if (event.finding_end() == event.time) {
            lean.remove(Field::finding_end);
        }
        append(lean);
    } else {
        append(event);
    }
    ++records_;
    if (event.event_class == EventClass::content) {
        hashes_.emplace(event.file_hash_sha256());
        last_hashes_.insert_or_assign(std::string(event.file_path()),
                                      std::string(event.file_hash_sha256()));
    } else if (event.event_class == EventClass::finding) {
        if (!seal_due_ && parse_level(event.finding_level()) >= Level::high) {
            seal_due_ = now();
        }
    }
}

void Recorder::record_settings(const std::vector<std::string>& settings) {
    const std::vector<std::string_view> views(settings.begin(), settings.end());
    Event event;
    event.reset(EventClass::configuration, now());
    event.set_event_action("settings");
    event.set_host_name(options_.host);
    event.set_finding_settings(views);
    record(event);
}

Result<std::optional<std::uint64_t>> Recorder::find_source(std::string_view sha256) {
    if (index_ == nullptr) {
        return std::nullopt;
    }
    auto found = index_->source(*reader_, sha256);
    if (!found) {
        // Rather a log twice than none.
        give_up_index(found.error());
        return std::nullopt;
    }
    return found;
}

Result<std::optional<std::uint64_t>> Recorder::find_unfinished(const SourceFile& source) {
    std::optional<std::uint64_t> begun;
    if (index_ == nullptr) {
        return begun;
    }
    TRY(index_->entries(*reader_, {}, source.path, [&](const evidence::EntryRow& row) {
        if (row.action == kReading && row.leaf >= begun.value_or(0)) {
            begun = row.leaf;
        }
    }));
    if (!begun) {
        return begun;
    }
    EventBatch batch;
    const std::string leaf = TRY(reader_->leaf(*begun));
    TRY(decode_canonical(leaf, batch));
    // Another log of that name is another matter.
    const bool same = batch.events().front().file_hash_sha256() == source.sha256;
    const bool finished = same && TRY(find_source(source.sha256)).value_or(0) > *begun;
    return same && !finished ? begun : std::nullopt;
}

namespace {

void put_source(const SourceFile& source, Event& event) {
    event.set_file_path(source.path);
    event.set_log_file_path(source.path);
    event.set_file_hash_sha256(source.sha256);
    event.set_file_size(source.size);
}

}  // namespace

void Recorder::record_reading(const SourceFile& source) {
    Event event;
    event.reset(EventClass::configuration, now());
    event.set_event_action(kReading);
    put_source(source, event);
    record(event);
}

void Recorder::record_source(const SourceFile& source, Timestamp first, Timestamp last) {
    Event event;
    event.reset(EventClass::ledger, now());
    event.set_event_action("source");
    put_source(source, event);
    if (last != Timestamp{}) {
        event.set_finding_start(first);
        event.set_finding_end(last);
    }
    record(event);
}

std::uint64_t Recorder::lost() const {
    return ledger_ == nullptr ? lost_told_ : ledger_->health().lost;
}

// One message when the disk stops taking records, and one when it goes on.
void Recorder::note(const Result<void>& done) {
    if (!done && !stalled_) {
        stalled_ = true;
        say(
            fmt::format("evidence can't be written: {}; detection goes on, records wait in memory "
                        "and what is shown from here on is not sealed yet",
                        done.error().message));
    } else if (done && stalled_) {
        stalled_ = false;
        const std::uint64_t lost_now = lost() - lost_told_;
        lost_told_ = lost();
        say(lost_now == 0 ? std::string("evidence is written again; nothing was lost")
                          : fmt::format("evidence is written again; {} records found no room "
                                        "meanwhile, the ledger says so",
                                        lost_now));
    }
    if (done) {
        feed_index();
    }
}

void Recorder::feed_index() {
    if (index_ == nullptr || index_->waiting() == 0) {
        return;
    }
    const Timestamp at = now();
    if (index_->waiting() < Index::kChunkLeaves && indexed_ <= at && at < indexed_ + kIndexEvery) {
        return;
    }
    indexed_ = at;
    const Result<void> written = index_->flush(ledger_->durable(), ledger_->position());
    if (!written) {
        give_up_index(written.error());
    }
}

void Recorder::commit() {
    if (seal_due_) {
        const auto sealed = ledger_->seal(now());
        if (sealed) {
            seal_due_.reset();
        }
        note(sealed ? Result<void>() : std::unexpected(sealed.error()));
        return;
    }
    const auto durable = ledger_->commit();
    note(durable ? Result<void>() : std::unexpected(durable.error()));
}

void Recorder::tend() {
    const Timestamp at = now();
    if (seal_due_ && (at < *seal_due_ || at - *seal_due_ >= options_.commit_within)) {
        commit();
        return;
    }
    note(ledger_->tend(at));
}

Result<void> Recorder::close() {
    Result<void> closed = ledger_->close(now());
    if (closed && index_ != nullptr) {
        if (const auto written = index_->flush(ledger_->durable(), ledger_->position()); !written) {
            give_up_index(written.error());
        }
    }
    if (!closed) {
        return fail(closed.error().code,
                    fmt::format("the end of the evidence was not sealed, and {} records are not in "
                                "it: {}",
                                ledger_->size() - ledger_->durable(),
                                closed.error().message));
    }
    return closed;
}

Result<std::uint64_t> Recorder::next_incident() {
    if (index_ != nullptr) {
        const auto last = index_->last_incident(*reader_);
        if (last) {
            return *last + 1;
        }
        give_up_index(last.error());
    }
    return TRY(evidence::highest_incident(*reader_, 0, UINT64_MAX)) + 1;
}

Result<bool> Recorder::has_content(std::string_view sha256) {
    if (hashes_.contains(sha256)) {
        return true;
    }
    return index_ != nullptr && TRY(index_->content(*reader_, sha256)).has_value();
}

Result<std::optional<std::string>> Recorder::last_hash(std::string_view path) {
    if (const auto known = last_hashes_.find(path); known != last_hashes_.end()) {
        return known->second;
    }
    std::optional<std::uint64_t> latest;
    if (index_ == nullptr) {
        return std::nullopt;
    }
    TRY(index_->entries(*reader_, {}, path, [&](const evidence::EntryRow& row) {
        if (row.event_class == to_text(EventClass::content)) {
            latest = std::max(latest.value_or(0), row.leaf);
        }
    }));
    if (!latest) {
        return std::nullopt;
    }
    EventBatch batch;
    const std::string leaf = TRY(reader_->leaf(*latest));
    TRY(decode_canonical(leaf, batch));
    return std::string(batch.events().front().file_hash_sha256());
}

}  // namespace mailvigil::app
