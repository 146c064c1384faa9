namespace OfflineRL.Datasets;

/// <summary>
/// Writes rows of a record type as flat tables that a spreadsheet, ML.NET's TextLoader and DuckDB open: one column a public property, in the
/// order of declaration, named in snake_case. Properties are bool, int, long, ulong, float, double, string, enums (as snake_case text) or
/// DateTimeOffset (UTC), or nullable ones of these.
/// </summary>
public static class TabularResults
{
    /// <summary>Writes <paramref name="pathWithoutExtension"/><c>.csv</c> and <c>.parquet</c>.</summary>
    public static void Write<T>(string pathWithoutExtension, IReadOnlyCollection<T> rows)
        where T : notnull
    {
        WriteCsv(pathWithoutExtension + ".csv", rows);
        WriteParquet(pathWithoutExtension + ".parquet", rows);
    }

    /// <summary>RFC 4180 with a header; numbers read back exactly, null is empty. Needs no native library.</summary>
    public static void WriteCsv<T>(string path, IEnumerable<T> rows)
        where T : notnull
    {
        using StreamWriter writer = new(path) { NewLine = "\n" };
        writer.WriteLine(string.Join(',', TabularColumns<T>.All.Select(c => CsvText.Field(c.Name))));
        foreach (T row in rows)
        {
            writer.WriteLine(string.Join(',', TabularColumns<T>.All.Select(c => CsvText.Field(c.Text(row)))));
        }
    }

    /// <summary>Needs DuckDB.</summary>
    /// <exception cref="UserErrorException">DuckDB is missing, or the file cannot be written.</exception>
    public static void WriteParquet<T>(string path, IEnumerable<T> rows)
        where T : notnull
    {
        try
        {
            WriteRows(path, rows);
        }
        catch (DuckDbException e)
        {
            throw Throw.CannotWrite(Path.GetDirectoryName(path)!, e);
        }
    }

    static void WriteRows<T>(string path, IEnumerable<T> rows)
        where T : notnull
    {
        const int rowGroupRows = 122_880;
        IReadOnlyList<TabularColumn<T>> columns = TabularColumns<T>.All;
        using DuckDbDatabase database = DuckDbDatabase.OpenInMemory(new() { Threads = 1 });
        using DuckDbConnection connection = database.Connect();
        connection.Execute(SchemaSql.CreateTable("rows", columns.Select(c => new SchemaColumn(c.Name, c.SqlType, true, ""))));
        using (DuckDbAppender appender = connection.Append("rows"))
        {
            int filled = 0;
            foreach (T row in rows)
            {
                for (int i = 0; i < columns.Count; i++)
                {
                    columns[i].Append(row, appender[i], filled);
                }

                if (++filled == DuckDbAppender.Capacity)
                {
                    appender.Flush(filled);
                    filled = 0;
                }
            }

            if (filled > 0)
            {
                appender.Flush(filled);
            }

            appender.Close();
        }

        connection.Execute(SchemaSql.CopyToParquet("rows", path, rowGroupRows));
    }
}
