using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace OfflineRL.Datasets;

/// <summary>Streams <c>episodes.parquet</c> in the order of its rows.</summary>
sealed class EpisodesReader(Dataset dataset)
{
    readonly TrajectorySchema _schema = TrajectorySchema.Of(dataset.Manifest);

    /// <summary>Receives a row; the bytes of its final observation (float32, int32 or uint8 as stored) are valid during the call, empty where unknown.</summary>
    public delegate void Visitor(EpisodeRecord episode, ReadOnlySpan<byte> finalObservation);

    /// <exception cref="UserErrorException">The file is missing, truncated, or has not the contract's columns; or rows are missing.</exception>
    public void Read(Visitor visit)
    {
        DatasetFile file = dataset.EpisodeFile;
        string path = dataset.PathOf(file);
        IReadOnlyList<SchemaColumn> columns = _schema.EpisodeColumns;
        long rows = 0;
        try
        {
            using DuckDbConnection connection = DuckDbDatabase.Shared.Connect();
            string names = string.Join(", ", columns.Select(c => DuckDbSql.Name(c.Name)));
            using DuckDbResult result = connection.Stream($"SELECT {names} FROM {SchemaSql.ReadParquet(path)}");
            SchemaTypes.Require(path, result, columns);
            while (result.Next() is { } chunk)
            {
                using (chunk)
                {
                    Visit(chunk, columns, path, rows, visit);
                    rows += chunk.Rows;
                }
            }
        }
        catch (DuckDbException e)
        {
            throw Throw.Unreadable(path, e.Message);
        }

        if (rows != file.Rows)
        {
            throw Throw.Damaged(dataset.FullName, $"'{file.Path}' has {rows} rows, expected {file.Rows}");
        }
    }

    void Visit(DuckDbChunk chunk, IReadOnlyList<SchemaColumn> columns, string path, long firstRow, Visitor visit)
    {
        for (int i = 0; i < columns.Count; i++)
        {
            DuckDbVector column = chunk[i];
            bool mayFail = !columns[i].Nullable && column.AnyNull;
            for (int row = 0; mayFail && row < chunk.Rows; row++)
            {
                if (column.IsNull(row))
                {
                    throw new UserErrorException($"'{path}', row {firstRow + row}, column {columns[i].Name}: found null, where none may be.");
                }
            }
        }

        Dictionary<(string, string), EnvironmentIdentity> environments = [];
        DuckDbVector keys = chunk[1], splitKeys = chunk[2], final = chunk[8], policies = chunk[9], ids = chunk[10], parameters = chunk[11], files = chunk[12], splits = chunk[13];
        ReadOnlySpan<long> numbers = chunk[0].Values<long>(), firstRows = chunk[5].Values<long>();
        ReadOnlySpan<int> steps = chunk[3].Values<int>();
        ReadOnlySpan<double> returns = chunk[4].Values<double>();
        ReadOnlySpan<bool> terminated = chunk[6].Values<bool>(), truncated = chunk[7].Values<bool>();
        // Asked for once: each of them is several calls into DuckDB.
        bool areVectors = !_schema.ObservationsAreBytes && !_schema.ObservationsAreDiscrete;
        ReadOnlySpan<float> finals = areVectors ? final.Child.Values<float>() : [];
        ReadOnlySpan<DuckDbList> lists = areVectors ? final.Lists : [];
        EpisodeRecord? last = null;
        for (int row = 0; row < chunk.Rows; row++)
        {
            EpisodeRecord record = new()
            {
                EpisodeId = numbers[row],
                EpisodeKey = keys.Text(row),
                SplitKey = Text(splitKeys, row),
                Steps = steps[row],
                Return = returns[row],
                FirstRow = firstRows[row],
                Terminated = terminated[row],
                Truncated = truncated[row],
                FinalObservationKnown = !final.IsNull(row),
                BehaviorPolicy = Same(policies, row, last?.BehaviorPolicy)!,
                Environment = ids.IsNull(row) ? null : Environment(environments, Same(ids, row, last?.Environment?.Id)!, Text(parameters, row), path, firstRow + row),
                SourceFile = Same(files, row, last?.SourceFile),
                Split = Same(splits, row, last?.Split)!,
            };
            last = record;
            visit(record, record.FinalObservationKnown ? Final(final, lists, finals, row, path, firstRow) : []);
        }
    }

    ReadOnlySpan<byte> Final(DuckDbVector column, ReadOnlySpan<DuckDbList> lists, ReadOnlySpan<float> numbers, int row, string path, long firstRow)
    {
        ReadOnlySpan<byte> bytes = _schema.ObservationsAreBytes ? column.Bytes(row)
            : _schema.ObservationsAreDiscrete ? MemoryMarshal.AsBytes(column.Values<int>().Slice(row, 1))
            : MemoryMarshal.AsBytes(numbers.Slice((int)lists[row].Offset, (int)lists[row].Length));
        int expected = _schema.ObservationWidth * (_schema.ObservationsAreBytes ? 1 : 4);
        return bytes.Length == expected ? bytes : throw new UserErrorException(
            $"'{path}', row {firstRow + row}, column final_observation: found {bytes.Length} bytes, expected {expected}.");
    }

    static string? Text(DuckDbVector column, int row) => column.IsNull(row) ? null : column.Text(row);

    /// <summary>A text that most episodes share: the one before where it is the same, so that a million rows do not make a million strings.</summary>
    static string? Same(DuckDbVector column, int row, string? before) =>
        !column.IsNull(row) && before is not null && before.Length < 256 && Utf8Equals(column.Bytes(row), before) ? before : Text(column, row);

    static bool Utf8Equals(ReadOnlySpan<byte> utf8, string text)
    {
        Span<byte> bytes = stackalloc byte[1024];
        return Encoding.UTF8.TryGetBytes(text, bytes, out int length) && utf8.SequenceEqual(bytes[..length]);
    }

    static EnvironmentIdentity? Environment(
        Dictionary<(string, string), EnvironmentIdentity> known, string? id, string? parameters, string path, long row)
    {
        if (id is null)
        {
            return null;
        }

        // Most episodes share one identity; it is parsed once a chunk.
        if (known.TryGetValue((id, parameters ?? ""), out EnvironmentIdentity? identity))
        {
            return identity;
        }

        try
        {
            identity = new(id, JsonSerializer.Deserialize<Dictionary<string, double>>(parameters ?? "{}") ?? []);
        }
        catch (JsonException e)
        {
            throw new UserErrorException($"'{path}', row {row}, column environment_parameters: found '{parameters}', expected a JSON object of numbers.", e);
        }

        known.Add((id, parameters ?? ""), identity);
        return identity;
    }
}
