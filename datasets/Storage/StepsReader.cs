using System.Collections.Concurrent;

namespace OfflineRL.Datasets;

/// <summary>Streams a dataset's steps, in order, as chunks of column vectors.</summary>
sealed class StepsReader(Dataset dataset)
{
    const int ChunksAhead = 16;

    readonly IReadOnlyList<SchemaColumn> _columns = TrajectorySchema.Of(dataset.Manifest).StepColumns;

    /// <summary>Reads one file after the other; DuckDB decodes on one thread while the caller works on another.</summary>
    /// <param name="fromRow">Files that end before this row are left out.</param>
    /// <param name="first">Done with every chunk on DuckDB's thread, before the caller gets it: half of the caller's work, where there is much.</param>
    /// <exception cref="UserErrorException">A file is missing, truncated, or has not the contract's columns; or rows are missing.</exception>
    public IEnumerable<StepsChunk> Read(Action<StepsChunk>? first = null, long fromRow = 0)
    {
        using BlockingCollection<StepsChunk> ready = new(ChunksAhead);
        using CancellationTokenSource stop = new();
        Task producer = Task.Run(() => Produce(ready, first, fromRow, stop.Token));
        try
        {
            foreach (StepsChunk chunk in ready.GetConsumingEnumerable())
            {
                using (chunk)
                {
                    yield return chunk;
                }
            }

            producer.GetAwaiter().GetResult();
        }
        finally
        {
            stop.Cancel();
            try
            {
                producer.Wait();
            }
            catch (AggregateException)
            {
                // The consumer left early, or has just had this exception thrown at it.
            }

            while (ready.TryTake(out StepsChunk? chunk))
            {
                chunk.Dispose();
            }
        }
    }

    void Produce(BlockingCollection<StepsChunk> ready, Action<StepsChunk>? first, long fromRow, CancellationToken stop)
    {
        try
        {
            using DuckDbDatabase database = DuckDbDatabase.OpenInMemory(new() { Threads = 1 });
            using DuckDbConnection connection = database.Connect();
            long firstRow = 0;
            foreach (DatasetFile file in dataset.StepFiles)
            {
                firstRow += firstRow + file.Rows <= fromRow ? file.Rows : ReadFile(connection, file, firstRow, ready, first, stop);
            }
        }
        finally
        {
            ready.CompleteAdding();
        }
    }

    long ReadFile(
        DuckDbConnection connection, DatasetFile file, long firstRow, BlockingCollection<StepsChunk> ready, Action<StepsChunk>? first, CancellationToken stop)
    {
        string path = dataset.PathOf(file);
        long rows = 0;
        try
        {
            string names = string.Join(", ", _columns.Select(c => DuckDbSql.Name(c.Name)));
            using DuckDbResult result = connection.Stream($"SELECT {names} FROM {SchemaSql.ReadParquet(path)}");
            SchemaTypes.Require(path, result, _columns);
            while (result.Next() is { } chunk)
            {
                if (rows + chunk.Rows > file.Rows)
                {
                    rows += chunk.Rows;
                    chunk.Dispose();
                    break;
                }

                int count = chunk.Rows;
                StepsChunk steps = new(chunk, path, firstRow + rows, rows);
                first?.Invoke(steps);
                ready.Add(steps, stop);
                rows += count;
            }
        }
        catch (DuckDbException e)
        {
            throw Throw.Unreadable(path, e.Message);
        }

        return rows == file.Rows ? rows : throw Throw.Damaged(dataset.FullName, $"'{file.Path}' has {(rows > file.Rows ? "more" : rows)} rows, expected {file.Rows}");
    }
}
