using System.Collections.Concurrent;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>
/// The rows of a query, copied out of DuckDB by a thread of its own while those before them are gathered and written. A bounded number of chunks
/// goes round, so that memory stays bounded.
/// </summary>
sealed class RowPipe : IDisposable
{
    const long Bytes = 48L << 20;

    readonly BlockingCollection<RowChunk> _full = [];
    readonly BlockingCollection<RowChunk> _free = [];
    readonly CancellationTokenSource _stop;
    readonly Task _reading;

    /// <param name="plan">What rows hold.</param>
    /// <param name="connection">Used by no one else until the pipe is disposed.</param>
    /// <param name="sql">The query.</param>
    /// <param name="sorted">Whether its first column is the row's position, and not its file.</param>
    /// <param name="cancellation">Stops between two chunks.</param>
    public RowPipe(ImportPlan plan, DuckDbConnection connection, string sql, bool sorted, CancellationToken cancellation)
    {
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var chunks = Math.Clamp(Bytes / (DuckDbAppender.Capacity * plan.RowBytes), 2, 64);
        for (var i = 0; i < chunks; i++)
            _free.Add(new RowChunk(plan), CancellationToken.None);
        _reading = Task.Factory.StartNew(() => Read(connection, sql, sorted), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>The next chunk; null at the end. It goes back with <see cref="Return"/>.</summary>
    /// <exception cref="DuckDbException">The source cannot be read further.</exception>
    public RowChunk? Next()
    {
        if (_full.TryTake(out var chunk, Timeout.Infinite))
            return chunk;
        _reading.GetAwaiter().GetResult();
        return null;
    }

    public void Return(RowChunk chunk) => _free.Add(chunk);

    public void Dispose()
    {
        _stop.Cancel();
        // What failed was said by the one who took the last chunk, or does not matter any more.
        _reading.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default).Wait();
        _full.Dispose();
        _free.Dispose();
        _stop.Dispose();
    }

    void Read(DuckDbConnection connection, string sql, bool sorted)
    {
        try
        {
            using var result = connection.Stream(sql);
            for (var position = 1L; result.Next() is { } next;)
            {
                using (next)
                {
                    var chunk = _free.Take(_stop.Token);
                    if (sorted)
                        chunk.Load(next);
                    else
                        chunk.Load(next, position);
                    position += chunk.Rows;
                    _full.Add(chunk);
                }
            }
        }
        finally
        {
            _full.CompleteAdding();
        }
    }
}
