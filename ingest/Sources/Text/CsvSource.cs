using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>Text with a header and separated fields, gzipped or not. Every field is read as text, so that nothing is guessed.</summary>
sealed class CsvSource : ISourceReader
{
    public SourceFormat Format => SourceFormat.Csv;

    public bool Recognizes(SourceProbe probe) => true;

    public SourceTable Open(SourceRequest request)
    {
        var files = request.Paths;
        var delimiter = request.Config.Delimiter[0];
        var names = CsvHeader.Read(files[0], delimiter);
        foreach (var file in files.Skip(1))
        {
            var others = CsvHeader.Read(file, delimiter);
            if (!others.SequenceEqual(names))
                throw Throw.HeadersDiffer(files[0], names, file, others);
        }

        var columns = string.Join(", ", names.Select(n => $"{DuckDbSql.Text(n)}: 'VARCHAR'"));
        var from = $"read_csv({DuckDbSql.Texts(files)}, auto_detect=false, header=true, delim={DuckDbSql.Text(delimiter.ToString())}, quote='\"', escape='\"', nullstr='', columns={{{columns}}})";
        return new SourceTable(files, from, names.Select(n => new SourceColumn(n, "VARCHAR")).ToList());
    }

    public ImportConfig Fill(ImportConfig config, SourceTable table) => config;
}
