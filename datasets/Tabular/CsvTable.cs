using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;

namespace OfflineRL.Datasets;

/// <summary>Rows of a small CSV file with a header, read one after the other; faults say file and line.</summary>
sealed class CsvTable : IDisposable
{
    readonly string _path;
    readonly CsvReader _csv;
    readonly Dictionary<string, int> _columns = new(StringComparer.Ordinal);

    /// <param name="folder">Where the file lies.</param>
    /// <param name="file">Its name.</param>
    /// <param name="required">Columns that must be there, in any order.</param>
    /// <param name="optional">Columns that may be there; no others may.</param>
    /// <exception cref="UserErrorException">The file is missing, or its columns are others.</exception>
    public CsvTable(string folder, string file, string[] required, string[] optional)
    {
        _path = Path.Combine(folder, file);
        try
        {
            _csv = new CsvReader(new StreamReader(_path), new CsvConfiguration(CultureInfo.InvariantCulture) { BadDataFound = null, MaxFieldSize = 1 << 16 });
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Throw.NpyMissing(_path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Throw.CsvUnreadable(_path, e.Message);
        }

        if (!Read())
            throw Throw.CsvColumns(_path, [], required, optional);
        var header = _csv.Parser.Record!;
        for (var i = 0; i < header.Length; i++)
        {
            var name = header[i].Trim();
            if ((!required.Contains(name) && !optional.Contains(name)) || !_columns.TryAdd(name, i))
                throw Throw.CsvColumns(_path, header, required, optional);
        }

        if (!Array.TrueForAll(required, _columns.ContainsKey))
            throw Throw.CsvColumns(_path, header, required, optional);
    }

    /// <summary>File and line, for messages.</summary>
    public string Where => $"'{_path}', line {_csv.Parser.RawRow}";

    public bool Has(string column) => _columns.ContainsKey(column);

    /// <summary>Goes to the next row; false: there is none.</summary>
    public bool Next()
    {
        if (!Read())
            return false;
        return _csv.Parser.Count == _columns.Count ? true : throw Fault($"{_csv.Parser.Count} fields were found; expected {_columns.Count}");
    }

    /// <summary>A whole number from 0.</summary>
    public int Index(string column)
    {
        var text = Text(column);
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value < int.MaxValue
            ? value
            : throw Fault($"{column} is '{text}'; expected a whole number from 0");
    }

    /// <summary>A number; whether it is finite is for the caller.</summary>
    public double Number(string column)
    {
        var text = Text(column);
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : throw Fault($"{column} is '{text}'; expected a number");
    }

    /// <summary>0, 1, true or false.</summary>
    public bool Flag(string column)
    {
        var text = Text(column);
        return text.ToUpperInvariant() switch
        {
            "1" or "TRUE" => true,
            "0" or "FALSE" => false,
            _ => throw Fault($"{column} is '{text}'; expected 0, 1, true or false"),
        };
    }

    public string Text(string column) => _csv.Parser[_columns[column]].Trim();

    public UserErrorException Fault(string what) => Throw.CsvFault(Where, what);

    public void Dispose() => _csv.Dispose();

    bool Read()
    {
        try
        {
            return _csv.Parser.Read();
        }
        catch (Exception e) when (e is CsvHelperException or IOException)
        {
            throw Throw.CsvUnreadable(_path, e.Message.Split('\n')[0]);
        }
    }
}
