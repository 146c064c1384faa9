using Spectre.Console;

namespace OfflineRL.Cli.Hosting;

/// <summary>Tables on standard output: drawn on a terminal, columns parted by spaces where the output is piped.</summary>
static class Tables
{
    /// <summary>Writes a table; columns named in <paramref name="rightAligned"/> hold numbers.</summary>
    public static void Write(IReadOnlyList<string> headers, IEnumerable<IReadOnlyList<string>> rows, IReadOnlySet<int>? rightAligned = null)
    {
        var all = rows.ToList();
        if (Console.IsOutputRedirected)
        {
            WritePlain(headers, all, rightAligned);
            return;
        }

        var table = new Table().Border(TableBorder.Rounded);
        for (var i = 0; i < headers.Count; i++)
        {
            var column = new TableColumn(Markup.Escape(headers[i]));
            table.AddColumn(rightAligned?.Contains(i) == true ? column.RightAligned() : column);
        }

        foreach (var row in all)
            table.AddRow(row.Select(Markup.Escape).ToArray());
        AnsiConsole.Write(table);
    }

    static void WritePlain(IReadOnlyList<string> headers, List<IReadOnlyList<string>> rows, IReadOnlySet<int>? rightAligned)
    {
        var widths = headers.Select((header, i) => rows.Select(r => r[i].Length).Append(header.Length).Max()).ToArray();
        foreach (var row in rows.Prepend(headers))
        {
            Console.WriteLine(string.Join("  ", row.Select((cell, i) =>
                rightAligned?.Contains(i) == true ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i]))).TrimEnd());
        }
    }
}
