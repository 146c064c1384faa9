using System.Collections.Concurrent;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace OfflineRL.Datasets;

/// <summary>
/// Logs the decisions of a running application into a folder of Parquet files, from any number of threads. Steps are gathered in
/// memory and written in batches by a thread of the logger's own; a crash loses at most what was appended since the last flush.
/// <c>offlinerl ingest compact</c> turns what was logged into datasets, while the application goes on.
/// </summary>
/// <remarks>
/// Episodes are spread over stripes, each with a lock and a batch of its own, so that threads seldom meet, and so that the rows of one
/// episode reach the file in their order: whatever a crash cuts off, an episode lacks steps at its end only. Neither DuckDB nor
/// anything else beside .NET is loaded.
/// </remarks>
public sealed class TrajectoryLogger : IDisposable
{
    const int BatchBytes = 256 << 10, BatchesPerBlock = 16;

    readonly string _folder;
    readonly DatasetDescription _description;
    readonly LoggerOptions _options;
    readonly TimeProvider _time;
    readonly FileStream _lock;
    readonly LogRules _rules;
    readonly Stripe[] _stripes;
    readonly BatchQueue _queue;
    readonly SegmentWriter _segments;
    readonly Thread _writer;
    readonly ConcurrentDictionary<string, LoggedEpisode> _byId = new();
    readonly List<LogBatch> _unwritten = [];
    long _episodes, _refused, _rollAsked, _rollDone, _failures;
    volatile bool _closed;
    volatile Exception? _fault;

    TrajectoryLogger(string folder, DatasetDescription description, LoggerOptions options, TimeProvider time, FileStream alone, LogManifest manifest, IReadOnlyList<RecoveredSegment> recovered)
    {
        (_folder, _description, _options, _time, _lock, Recovered) = (folder, description, options, time, alone, recovered);
        _rules = new LogRules(description);
        _stripes = new Stripe[Math.Clamp((int)BitOperations.RoundUpToPowerOf2((uint)Environment.ProcessorCount * 8), 8, 128)];
        for (var i = 0; i < _stripes.Length; i++)
            _stripes[i] = new Stripe();
        var rows = (int)Math.Clamp(Math.Min(BatchBytes, options.BufferBytes / (2 * _stripes.Length)) / LogBatch.RowBytes(description), 8, 4096);
        // One for every stripe, and as many again on their way to the disk.
        var most = (int)Math.Clamp(options.BufferBytes / (rows * LogBatch.RowBytes(description)), 2 * _stripes.Length, int.MaxValue);
        _queue = new BatchQueue(() => new LogBatch(description, rows), most);
        var segments = LogFolder.Segments(folder);
        _segments = new SegmentWriter(folder, new SegmentSchema(description, manifest.Session), options, time, Math.Max(segments.Count == 0 ? 0 : segments[^1].Number, CompactedThrough(folder)) + 1);
        _writer = new Thread(Write) { IsBackground = true, Name = "trajectory logger" };
        _writer.Start();
    }

    /// <summary>Opens a log for writing, begins it where the folder holds none, and finishes what a crash left.</summary>
    /// <param name="folder">Of this log alone; made where it is missing.</param>
    /// <param name="description">What all steps have in common: spaces, propensities, masks, times. A log keeps the one that it was begun with.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <param name="time">For times of steps; null: the system's clock.</param>
    /// <exception cref="UserErrorException">Another process writes the log, it was begun with another description, or the folder cannot be written.</exception>
    public static TrajectoryLogger Open(string folder, DatasetDescription description, LoggerOptions? options = null, TimeProvider? time = null)
    {
        options ??= new();
        if (options.Validate().ToArray() is { Length: > 0 } faults)
            throw Throw.LoggerOptions(faults);
        if (description.InfoColumns.Count > 0 || description.ActionFeatures > 0)
            throw Throw.LoggedInfo();
        if (description.Validate().ToArray() is { Length: > 0 } contradictions)
            throw Throw.LoggerOptions(contradictions);
        folder = Path.GetFullPath(folder);
        FileStream? alone = null;
        try
        {
            Directory.CreateDirectory(folder);
            alone = LogFolder.TryLock(folder) ?? throw Throw.LogIsOpen(folder);
            var manifest = LogFolder.Exists(folder) ? LogFolder.Read(folder) : LogManifest.Of(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), description);
            RequireSame(folder, manifest, description);
            var recovered = SegmentRecovery.Run(folder, manifest);
            manifest = manifest with { Session = manifest.Session + 1 };
            LogFolder.Write(folder, manifest);
            return new TrajectoryLogger(folder, description, options, time ?? TimeProvider.System, alone, manifest, recovered);
        }
        catch (Exception e)
        {
            alone?.Dispose();
            if (e is IOException or UnauthorizedAccessException)
                throw Throw.CannotWrite(folder, e);
            throw;
        }
    }

    /// <summary>What an earlier crash left open, and how much of it was whole.</summary>
    public IReadOnlyList<RecoveredSegment> Recovered { get; }

    /// <summary>Steps that were taken.</summary>
    public long Appended
    {
        get
        {
            var sum = 0L;
            foreach (var stripe in _stripes)
            {
                lock (stripe)
                    sum += stripe.Appended;
            }

            return sum;
        }
    }

    /// <summary>Steps for which there was no room.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Why nothing can be written at the moment, such as a full disk; null: all is well. Writing is tried again at every flush.</summary>
    public Exception? Fault => _fault;

    /// <summary>Begins an episode.</summary>
    /// <param name="id">Of the application, such as a session; null: a number.</param>
    /// <param name="behaviorPolicy">What the dataset calls the policy that acts.</param>
    /// <param name="splitKey">What a split hashes instead of the episode, such as a user.</param>
    /// <param name="firstStep">0; more where the application was started anew and goes on with an episode of that id that it had not ended.</param>
    public LoggedEpisode Begin(string? id = null, string behaviorPolicy = "live", string? splitKey = null, int firstStep = 0)
    {
        ArgumentException.ThrowIfNullOrEmpty(behaviorPolicy);
        ArgumentOutOfRangeException.ThrowIfNegative(firstStep);
        var number = Interlocked.Increment(ref _episodes);
        var episode = new LoggedEpisode(this, number, id ?? number.ToString(System.Globalization.CultureInfo.InvariantCulture), firstStep);
        byte[] name = Encoding.UTF8.GetBytes(episode.Id), policy = Encoding.UTF8.GetBytes(behaviorPolicy);
        var split = splitKey is null ? null : Encoding.UTF8.GetBytes(splitKey);
        // Without this row its steps could not be told apart: it always waits for room.
        while (true)
        {
            var stripe = StripeOf(episode);
            lock (stripe)
            {
                ObjectDisposedException.ThrowIf(_closed, this);
                if (stripe.Batch is { } batch)
                {
                    batch.Begin(number, firstStep, name, policy, split);
                    PassOn(stripe);
                    return episode;
                }
            }

            if (!Refill(stripe, _options.LongestWait))
                throw Throw.CannotWrite(_folder, _fault ?? new IOException("there is no room for another episode"));
        }
    }

    /// <summary>Appends a step of the episode of that id, which its first step begins.</summary>
    /// <param name="id">Of the application.</param>
    /// <param name="step">From 0. Steps may come out of order, and one that was refused can be appended again.</param>
    /// <param name="values">The step.</param>
    /// <param name="behaviorPolicy">As for <see cref="Begin"/>; that of the first call counts.</param>
    /// <param name="splitKey">As for <see cref="Begin"/>.</param>
    /// <returns>False: there was no room for it.</returns>
    /// <exception cref="UserErrorException">The step does not fit the spaces, or holds what cannot be.</exception>
    public bool Append(string id, int step, in LoggedStep values, string behaviorPolicy = "live", string? splitKey = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        if (!_byId.TryGetValue(id, out var episode))
        {
            lock (_byId)
            {
                if (!_byId.TryGetValue(id, out episode))
                    _byId[id] = episode = Begin(id, behaviorPolicy, splitKey, step);
            }
        }

        return Append(episode, step, values);
    }

    /// <summary>Ends the episode of that id.</summary>
    /// <inheritdoc cref="LoggedEpisode.End"/>
    public bool End(string id, bool terminated, bool truncated = false, ReadOnlySpan<float> finalObservation = default, ReadOnlySpan<byte> finalObservationBytes = default)
    {
        if (!_byId.TryGetValue(id, out var episode))
            throw Throw.NoEpisodeOpen(id);
        if (!End(episode, terminated, truncated, finalObservation, finalObservationBytes))
            return false;
        _byId.TryRemove(id, out _);
        return true;
    }

    /// <summary>Writes everything that was appended before, and waits for it.</summary>
    /// <exception cref="UserErrorException">It cannot be written.</exception>
    public void Flush()
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        // Of two attempts that fail, the second was begun after the flush was asked for.
        var failures = Volatile.Read(ref _failures);
        if (!_queue.Flush(() => Volatile.Read(ref _failures) >= failures + 2))
            throw Throw.CannotWrite(_folder, _fault ?? new IOException("the logger was closed meanwhile"));
    }

    /// <summary>Finishes the segment, so that everything appended before can be compacted.</summary>
    /// <exception cref="UserErrorException">It cannot be written.</exception>
    public void Roll()
    {
        Interlocked.Increment(ref _rollAsked);
        Flush();
    }

    /// <summary>Writes what is left and finishes the segment. Episodes that are open stay so: they can be continued, or closed by compacting.</summary>
    /// <exception cref="UserErrorException">It cannot be written.</exception>
    public void Dispose()
    {
        if (_closed)
            return;
        _closed = true;
        _queue.Stop();
        _writer.Join();
        _segments.Dispose();
        _lock.Dispose();
        if (_fault is { } fault)
            throw Throw.UnwrittenSteps(_folder, _unwritten.Sum(b => (long)b.Rows) + _queue.FullRows(), fault);
    }

    internal bool Append(LoggedEpisode episode, int? number, in LoggedStep step)
    {
        var timestamp = _description.HasTimestamp ? (_time.GetUtcNow().UtcTicks - DateTime.UnixEpoch.Ticks) / 10 : 0;
        var stripe = StripeOf(episode);
        try
        {
            _rules.Require(step, episode.Id, number ?? episode.NextStep);
        }
        catch (UserErrorException)
        {
            LeaveGap(stripe, episode, number);
            throw;
        }

        while (true)
        {
            lock (stripe)
            {
                // Looked at under the lock: the last sweep takes it too, and what came before is written.
                ObjectDisposedException.ThrowIf(_closed, this);
                if (episode.Ended)
                    throw Throw.EpisodeEnded(episode.Id);
                if (stripe.Batch is { } batch)
                {
                    var at = number ?? episode.NextStep;
                    episode.NextStep = Math.Max(episode.NextStep, at + 1);
                    batch.Step(episode.Number, at, step, timestamp);
                    stripe.Appended++;
                    PassOn(stripe);
                    return true;
                }
            }

            if (!Refill(stripe, _options.BackPressure == BackPressure.Block ? _options.LongestWait : TimeSpan.Zero))
            {
                Interlocked.Increment(ref _refused);
                LeaveGap(stripe, episode, number);
                return false;
            }
        }
    }

    internal bool End(LoggedEpisode episode, bool terminated, bool truncated, ReadOnlySpan<float> final, ReadOnlySpan<byte> finalBytes)
    {
        if (!terminated && !truncated)
            throw Throw.BadStep(episode.Id, episode.NextStep, "truncated", "ends neither terminated nor truncated", "expected one of them");
        if (!final.IsEmpty || !finalBytes.IsEmpty)
            _rules.RequireObservation(final, finalBytes, "final_observation", episode.Id, episode.NextStep);
        var stripe = StripeOf(episode);
        while (true)
        {
            lock (stripe)
            {
                ObjectDisposedException.ThrowIf(_closed, this);
                if (episode.Ended)
                    throw Throw.EpisodeEnded(episode.Id);
                if (stripe.Batch is { } batch)
                {
                    batch.End(episode.Number, episode.NextStep, terminated, truncated, final, finalBytes);
                    episode.Ended = true;
                    PassOn(stripe);
                    return true;
                }
            }

            if (!Refill(stripe, _options.BackPressure == BackPressure.Block ? _options.LongestWait : TimeSpan.Zero))
                return false;
        }
    }

    static void RequireSame(string folder, LogManifest log, DatasetDescription d)
    {
        (string What, object? Found, object? Expected)[] pairs =
        [
            ("observations of", d.ObservationSpace, log.ObservationSpace),
            ("actions of", d.ActionSpace, log.ActionSpace),
            ("the environment", d.Environment, log.Environment),
            ("propensities that are", d.PropensitySource, log.PropensitySource),
            ("behavior_probs:", d.HasBehaviorProbabilities, log.HasBehaviorProbabilities),
            ("action_mask:", d.HasActionMask, log.HasActionMask),
            ("timestamp:", d.HasTimestamp, log.HasTimestamp),
        ];
        foreach (var (what, found, expected) in pairs)
        {
            if (!Equals(found, expected))
                throw Throw.OtherLog(folder, what, found, expected);
        }
    }

    // Where compacted segments were deleted, their numbers are not used again: compacting remembers the last one.
    static int CompactedThrough(string folder) => CompactState.Read(folder).Through;

    // A step of a handle that is not stored leaves a gap in the numbers: two steps that did not follow one another must not seem to.
    static void LeaveGap(Stripe stripe, LoggedEpisode episode, int? number)
    {
        if (number is not null)
            return;
        lock (stripe)
            episode.NextStep++;
    }

    Stripe StripeOf(LoggedEpisode episode) => _stripes[(int)episode.Number & (_stripes.Length - 1)];

    // Under the stripe's lock, so that batches of a stripe are queued in their order.
    void PassOn(Stripe stripe)
    {
        if (!stripe.Batch!.IsFull)
            return;
        _queue.Put(stripe.Batch);
        stripe.Batch = null;
    }

    // Not under the stripe's lock: the writer takes it when it flushes, and only the writer makes room.
    bool Refill(Stripe stripe, TimeSpan wait)
    {
        var batch = _queue.Take(wait);
        if (batch is null)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            return false;
        }

        lock (stripe)
        {
            if (stripe.Batch is null)
            {
                stripe.Batch = batch;
                return true;
            }
        }

        _queue.Return([batch]);
        return true;
    }

    void Write()
    {
        var next = _time.GetTimestamp();
        while (true)
        {
            var left = _options.FlushInterval - _time.GetElapsedTime(next);
            var everything = _queue.Wait(left > TimeSpan.Zero ? left : TimeSpan.Zero, BatchesPerBlock, out var flush, out var stopped);
            try
            {
                var roll = Interlocked.Read(ref _rollAsked);
                if (everything)
                    Sweep();
                WriteQueued(everything);
                if (everything)
                    _segments.Sync();
                if (_segments.IsDue || stopped || roll > _rollDone)
                    _segments.Finish();
                _rollDone = roll;
                _fault = null;
                if (everything)
                    _queue.Flushed(flush);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _fault = e;
                Interlocked.Increment(ref _failures);
                everything = true;
                if (!stopped)
                    Thread.Sleep(TimeSpan.FromMilliseconds(Math.Min(200, _options.FlushInterval.TotalMilliseconds)));
            }

            if (stopped)
                return;
            if (everything)
                next = _time.GetTimestamp();
        }
    }

    void Sweep()
    {
        foreach (var stripe in _stripes)
        {
            lock (stripe)
            {
                if (stripe.Batch is not { Rows: > 0 } batch)
                    continue;
                _queue.Put(batch);
                stripe.Batch = null;
            }
        }
    }

    void WriteQueued(bool everything)
    {
        while (true)
        {
            _queue.Drain(BatchesPerBlock, _unwritten);
            if (_unwritten.Count == 0)
                return;
            _segments.Write(_unwritten);
            _queue.Return(_unwritten);
            _unwritten.Clear();
            if (_segments.IsDue)
                _segments.Finish();
            if (!everything)
                return;
        }
    }

    /// <summary>Where some of the episodes meet; also the lock of its own fields and of those episodes.</summary>
    sealed class Stripe
    {
        public LogBatch? Batch { get; set; }

        public long Appended { get; set; }
    }
}
