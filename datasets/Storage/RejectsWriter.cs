using System.Globalization;
using System.Text;

namespace OfflineRL.Datasets;

/// <summary><c>rejects/rejects.csv</c>: input rows that were not taken, written as they come; there is no file where there are none.</summary>
sealed class RejectsWriter(string folder) : IDisposable
{
    StreamWriter? _writer;

    public long Count { get; private set; }

    public void Write(RejectedRow row)
    {
        if (_writer is null)
        {
            Directory.CreateDirectory(folder);
            _writer = new StreamWriter(Path.Combine(folder, "rejects.csv"), append: false, new UTF8Encoding(false)) { NewLine = "\n" };
            _writer.WriteLine("file,row,column,reason");
        }

        _writer.WriteLine(string.Join(',', CsvText.Field(row.File), row.Row?.ToString(CultureInfo.InvariantCulture), CsvText.Field(row.Column), CsvText.Field(row.Reason)));
        Count++;
    }

    public void Dispose() => _writer?.Dispose();
}
