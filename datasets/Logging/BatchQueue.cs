namespace OfflineRL.Datasets;

/// <summary>
/// Batches between the threads that append and the one that writes: a fixed number of them go round, so that memory is bounded, and
/// who wants one where none is free waits or is turned away.
/// </summary>
sealed class BatchQueue(Func<LogBatch> make, int most)
{
    readonly object _gate = new();
    readonly Queue<LogBatch> _full = new();
    readonly Stack<LogBatch> _free = new();
    int _made, _waiting;
    long _flushAsked, _flushDone;
    bool _stopped;

    /// <summary>An empty batch; null where none became free in time, or the queue was stopped.</summary>
    public LogBatch? Take(TimeSpan wait)
    {
        lock (_gate)
        {
            var until = Environment.TickCount64 + (long)wait.TotalMilliseconds;
            while (_free.Count == 0 && _made >= most && !_stopped)
            {
                var left = until - Environment.TickCount64;
                if (left <= 0)
                    return null;
                _waiting++;
                Monitor.PulseAll(_gate);
                Monitor.Wait(_gate, (int)Math.Min(left, int.MaxValue));
                _waiting--;
            }

            if (_stopped)
                return null;
            if (_free.TryPop(out var batch))
                return batch;
            _made++;
        }

        return make();
    }

    public void Put(LogBatch batch)
    {
        lock (_gate)
        {
            _full.Enqueue(batch);
            Monitor.PulseAll(_gate);
        }
    }

    public void Return(IEnumerable<LogBatch> batches)
    {
        lock (_gate)
        {
            foreach (var batch in batches)
            {
                batch.Clear();
                _free.Push(batch);
            }

            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Waits until there is work: enough full batches, somebody who waits for a free one, a flush that was asked for, the stop, or the time.</summary>
    /// <returns>Whether it was the time, a flush or the stop: then everything is to be written.</returns>
    public bool Wait(TimeSpan time, int enough, out long flush, out bool stopped)
    {
        lock (_gate)
        {
            var until = Environment.TickCount64 + (long)time.TotalMilliseconds;
            while (true)
            {
                (flush, stopped) = (_flushAsked, _stopped);
                var left = until - Environment.TickCount64;
                if (left <= 0 || _flushAsked > _flushDone || _stopped)
                    return true;
                if (_full.Count >= enough || (_waiting > 0 && _full.Count > 0))
                    return false;
                Monitor.Wait(_gate, (int)Math.Min(left, int.MaxValue));
            }
        }
    }

    /// <summary>The oldest full batches, <paramref name="count"/> at most.</summary>
    public void Drain(int count, List<LogBatch> into)
    {
        lock (_gate)
        {
            while (into.Count < count && _full.TryDequeue(out var batch))
                into.Add(batch);
        }
    }

    /// <summary>Asks for a flush and waits until it is done. False: the writer ended before.</summary>
    public bool Flush(Func<bool> failed)
    {
        lock (_gate)
        {
            var mine = ++_flushAsked;
            Monitor.PulseAll(_gate);
            while (_flushDone < mine && !_stopped && !failed())
                Monitor.Wait(_gate, 100);
            return _flushDone >= mine;
        }
    }

    /// <summary>Everything that was appended before the flush was asked for is written.</summary>
    public void Flushed(long flush)
    {
        lock (_gate)
        {
            _flushDone = Math.Max(_flushDone, flush);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Rows that nobody has taken to write them.</summary>
    public long FullRows()
    {
        lock (_gate)
            return _full.Sum(b => (long)b.Rows);
    }

    /// <summary>No batch is handed out any more.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _stopped = true;
            Monitor.PulseAll(_gate);
        }
    }
}
