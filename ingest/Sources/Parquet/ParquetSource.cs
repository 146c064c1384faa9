using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>Apache Parquet, read by DuckDB: flat, list and nested columns, the latter by path, and Hive-partitioned folders, whose keys are columns of texts.</summary>
sealed class ParquetSource : ISourceReader
{
    public SourceFormat Format => SourceFormat.Parquet;

    public bool Recognizes(SourceProbe probe) =>
        probe.HeadStartsWith("PAR1"u8) || probe.Path.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase);

    public SourceTable Open(SourceRequest request)
    {
        foreach (var path in request.Paths)
            RequireFrame(path);
        var keys = PartitionKeys(request.Paths);
        // A link would hide the folders that hold the keys.
        var paths = keys.Count > 0 ? request.Paths : request.Paths.Select(p => SourceText.ForDuckDb(p, request, unpack: false)).ToList();
        if (paths.Count > 1)
            RequireOneSchema(request, paths);
        var read = $"read_parquet({DuckDbSql.Texts(paths)}, hive_partitioning={(keys.Count > 0 ? "true, hive_types_autocast=false" : "false")})";
        var plain = SourceTable.Of(request.Connection, request.Paths, read);
        var nested = Nested(request, plain);
        return OwnColumns.WithoutEmpty(request.Connection, nested.Count == 0 ? plain : WithNested(request, read, plain, nested));
    }

    public ImportConfig Fill(ImportConfig config, SourceTable table) => ConfigColumns.FillOwnNames(ConfigColumns.Expand(config, table), table);

    /// <summary>Names that the map reaches into columns by, with the expression that gets there; of a column of nested lists, the column itself.</summary>
    static Dictionary<string, string> Nested(SourceRequest request, SourceTable plain)
    {
        var nested = new Dictionary<string, string>(StringComparer.Ordinal);
        var names = plain.Columns.Select(c => c.Name).ToList();
        foreach (var (key, name) in ConfigColumns.Named(request.Config).DistinctBy(n => n.Name))
        {
            if (ColumnPath.Parse(name, names) is { } path && (path.Steps.Count > 0 || Depth(plain.Column(key, name).Type) > 1))
                nested[name] = Expression(request, plain, key, name, path);
        }

        // A format's own names are filled in later: lists of lists can only be meant as one list.
        foreach (var column in plain.Columns.Where(c => Depth(c.Type) > 1 && !IsNested(c.Type)))
            nested.TryAdd(column.Name, Expression(request, plain, column.Name, column.Name, new ColumnPath(column.Name, [])));
        return nested;
    }

    static string Expression(SourceRequest request, SourceTable plain, string key, string name, ColumnPath path)
    {
        try
        {
            var type = SourceTable.Of(request.Connection, plain.Files, $"(SELECT {path.Sql} AS value FROM {plain.From})").Columns[0].Type;
            var depth = Depth(type);
            if (depth < 2 || IsNested(type))
                return path.Sql;
            // Arrays of fixed sizes become lists first: only those are flattened.
            var lists = $"CAST({path.Sql} AS {type[..type.IndexOf('[', StringComparison.Ordinal)]}{string.Concat(Enumerable.Repeat("[]", depth))})";
            for (var i = 1; i < depth; i++)
                lists = SqlLists.Flatten(lists);
            return lists;
        }
        catch (DuckDbException)
        {
            var column = plain.Column(key, path.Column);
            throw Throw.MissingPath(plain.Files[0], key, name, column);
        }
    }

    static SourceTable WithNested(SourceRequest request, string read, SourceTable plain, Dictionary<string, string> nested)
    {
        var columns = plain.Columns.Where(c => !nested.ContainsKey(c.Name)).Select(c => DuckDbSql.Name(c.Name))
            .Concat(nested.Select(n => $"{n.Value} AS {DuckDbSql.Name(n.Key)}"));
        var table = SourceTable.Of(request.Connection, request.Paths, $"(SELECT {string.Join(", ", columns)}, file_index FROM {read})");
        return new SourceTable(table.Files, table.From, table.Columns.Where(c => c.Name != "file_index").ToList());
    }

    /// <summary>Whether the lists' elements are structs, maps or unions, whose types may name lists of their own.</summary>
    static bool IsNested(string type) => type.StartsWith("STRUCT(", StringComparison.Ordinal) || type.StartsWith("MAP(", StringComparison.Ordinal) || type.StartsWith("UNION(", StringComparison.Ordinal);

    /// <summary>How many lists lie in one another at the end of a type's name.</summary>
    static int Depth(string type)
    {
        var depth = 0;
        for (; type.EndsWith(']'); depth++)
            type = type[..type.LastIndexOf('[')];
        return depth;
    }

    // Folders named key=value, the same keys for all files.
    static List<string> PartitionKeys(IReadOnlyList<string> paths)
    {
        var first = Of(paths[0]);
        foreach (var path in paths.Skip(1))
        {
            if (Of(path) is var other && !other.SequenceEqual(first, StringComparer.Ordinal))
                throw Throw.PartitionsDiffer(paths[0], first, path, other);
        }

        return first;

        static List<string> Of(string path) => Path.GetDirectoryName(path)!.Split('/', '\\')
            .Where(part => part.IndexOf('=', StringComparison.Ordinal) > 0).Select(part => part[..part.IndexOf('=', StringComparison.Ordinal)]).ToList();
    }

    static void RequireOneSchema(SourceRequest request, IReadOnlyList<string> paths)
    {
        // Footers alone are read. A group is a text that lists a file's columns and types.
        var schema = "SELECT file_name, string_agg(coalesce(name, '') || ' ' || coalesce(type, '') || ' ' || coalesce(converted_type, '') || ' ' || coalesce(num_children, 0), ', ') AS layout " +
            $"FROM (SELECT *, row_number() OVER () AS place FROM parquet_schema({DuckDbSql.Texts(paths)})) WHERE name NOT IN ('schema', 'duckdb_schema', 'root') GROUP BY file_name ORDER BY min(place)";
        using var result = request.Connection.Query($"SELECT min(file_name), layout FROM ({schema}) GROUP BY layout ORDER BY count(*) DESC LIMIT 2");
        using var chunk = result.Next();
        if (chunk is null || chunk.Rows < 2)
            return;
        var (usual, other) = (chunk[0].Text(0), chunk[0].Text(1));
        var expected = SourceTable.Of(request.Connection, [usual], $"read_parquet({DuckDbSql.Text(usual)}, hive_partitioning=false)").Columns;
        var found = SourceTable.Of(request.Connection, [other], $"read_parquet({DuckDbSql.Text(other)}, hive_partitioning=false)").Columns;
        // The same columns under other encodings are one schema.
        if (!expected.SequenceEqual(found))
            throw Throw.SchemasDiffer(usual, other, expected.Except(found).ToList(), found.Except(expected).ToList());
    }

    // A Parquet file begins and ends with its name; a copy that broke off lacks the end.
    static void RequireFrame(string path)
    {
        using var stream = File.OpenRead(path);
        Span<byte> magic = stackalloc byte[4];
        var whole = stream.Length >= 12;
        if (whole)
        {
            stream.ReadExactly(magic);
            whole = magic.SequenceEqual("PAR1"u8);
            stream.Position = stream.Length - 4;
            stream.ReadExactly(magic);
            whole &= magic.SequenceEqual("PAR1"u8);
        }

        if (!whole)
            throw Throw.NotParquet(path, stream.Length);
    }
}
