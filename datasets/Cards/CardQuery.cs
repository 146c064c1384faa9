using System.Globalization;

namespace OfflineRL.Datasets;

/// <summary>Aggregates over a dataset's Parquet files, in DuckDB.</summary>
sealed class CardQuery : IDisposable
{
    /// <summary>Bins of every histogram.</summary>
    public const int Bins = 20;

    // Exact quantiles keep every value in memory.
    const long MostExact = 20_000_000;

    readonly DuckDbDatabase _database = DuckDbDatabase.OpenInMemory();
    readonly DuckDbConnection _connection;
    readonly Dataset _dataset;

    public CardQuery(Dataset dataset)
    {
        _dataset = dataset;
        _connection = _database.Connect();
    }

    public string Episodes => $"read_parquet({DuckDbSql.Text(Path.Combine(_dataset.Folder, Dataset.EpisodesFile))})";

    public string Steps => $"read_parquet({DuckDbSql.Texts(_dataset.StepFiles.Select(_dataset.PathOf))})";

    public void Dispose()
    {
        _connection.Dispose();
        _database.Dispose();
    }

    /// <summary>A query whose rows are streamed.</summary>
    public DuckDbResult Stream(string sql) => _connection.Stream(sql);

    /// <summary>The only row; every column is cast to DOUBLE, null is NaN.</summary>
    public double[] Row(string columns, string from)
    {
        using var result = _connection.Query($"SELECT COLUMNS(*)::DOUBLE FROM (SELECT {columns} FROM {from})");
        using var chunk = result.Next()!;
        var columnsFound = result.ColumnCount;
        var values = new double[columnsFound];
        for (var i = 0; i < columnsFound; i++)
            values[i] = chunk[i].IsNull(0) ? double.NaN : chunk[i].Values<double>()[0];
        return values;
    }

    /// <summary>Rows of a text and then numbers.</summary>
    public List<(string Name, double[] Values)> Named(string name, string columns, string fromAndGroup)
    {
        var rows = new List<(string, double[])>();
        using var result = _connection.Query($"SELECT name::VARCHAR, COLUMNS(* EXCLUDE (name))::DOUBLE FROM (SELECT {name} AS name, {columns} FROM {fromAndGroup})");
        while (result.Next() is { } chunk)
        {
            using (chunk)
            {
                for (var row = 0; row < chunk.Rows; row++)
                {
                    var values = new double[result.ColumnCount - 1];
                    for (var i = 0; i < values.Length; i++)
                        values[i] = chunk[i + 1].IsNull(row) ? double.NaN : chunk[i + 1].Values<double>()[row];
                    rows.Add((chunk[0].IsNull(row) ? "unknown" : chunk[0].Text(row), values));
                }
            }
        }

        return rows;
    }

    /// <summary>Columns of quantiles of an expression.</summary>
    public string Quantiles(string expression, IReadOnlyList<double> at)
    {
        var function = _dataset.Manifest.Counts.Steps <= MostExact ? "quantile_cont" : "approx_quantile";
        List<double> inner = [.. at.Where(q => q is > 0 and < 1)];
        // One aggregate for all of them, which DuckDB computes once: each alone would gather the values again.
        var list = $"{function}({expression}, [{string.Join(", ", inner.Select(q => q.ToString(CultureInfo.InvariantCulture)))}])";
        return string.Join(", ", at.Select(q => q switch
        {
            0 => $"min({expression})",
            1 => $"max({expression})",
            _ => $"({list})[{inner.IndexOf(q) + 1}]",
        }));
    }

    public Distribution Distribution(string expression, string from)
    {
        var row = Row($"count({expression}), avg({expression}), stddev_pop({expression}), {Quantiles(expression, DatasetCard.DistributionQuantiles)}", from);
        return new Distribution((long)row[0], row[1], row[2], row[3..], Histogram(expression, from, row[3], row[^1]));
    }

    public Histogram Histogram(string expression, string from, double low, double high)
    {
        var counts = new long[Bins];
        var width = high > low ? (high - low) / Bins : 1;
        foreach (var (bin, count) in Pairs(string.Create(CultureInfo.InvariantCulture, $"SELECT least({Bins - 1}, greatest(0, floor(({expression} - ({low:R}::DOUBLE)) / {width:R}::DOUBLE)))::BIGINT AS bin, count(*) FROM {from} WHERE {expression} IS NOT NULL GROUP BY bin")))
            counts[bin] += count;
        return new Histogram(low, high, counts);
    }

    /// <summary>The most frequent texts, and how many different ones there are, about.</summary>
    public TextCard Text(string column)
    {
        var name = DuckDbSql.Name(column);
        var row = Row($"approx_count_distinct({name}), count(*) - count({name})", Steps);
        return new TextCard(column, (long)row[0], (long)row[1], [.. Named(name, "count(*)", $"(SELECT {name} FROM {Steps} WHERE {name} IS NOT NULL LIMIT 100000) GROUP BY {name} ORDER BY count(*) DESC, {name} LIMIT 5").Select(r => r.Name)]);
    }

    IEnumerable<(long Key, long Count)> Pairs(string sql)
    {
        using var result = _connection.Query(sql);
        while (result.Next() is { } chunk)
        {
            using (chunk)
            {
                for (var row = 0; row < chunk.Rows; row++)
                    yield return (chunk[0].Values<long>()[row], chunk[1].Values<long>()[row]);
            }
        }
    }
}
