using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>Every error of this project.</summary>
[StackTraceHidden]
static partial class Throw
{
    public static UserErrorException NoPropensities(IPolicy policy) =>
        new($"The policy '{policy.Name}' is deterministic over {policy.ActionSpace}: its steps would have no propensities, and those of a continued recording have. Put noise around it.");

    public static UserErrorException Found(Finding finding) =>
        new(FormattableString.Invariant($"{string.Join(", ", new[] { finding.File, finding.Row is null ? null : $"row {finding.Row}", finding.Column is null ? null : $"column '{finding.Column}'" }.Where(p => !string.IsNullOrEmpty(p)))}: found {finding.Sample}. {finding.Meaning} Set on_error=reject or keep to import all the same."));

    public static UserErrorException HasPropensities(string dataset) =>
        new($"{dataset} has propensities that were logged, which are better than any estimate. Set --replace to put estimates in their place.");

    public static UserErrorException ModelWithMemory(IPolicy model) =>
        new($"The policy '{model.Name}' has a memory (stacked frames); expected one that acts by a single observation. Clone without replay.frame_stack.");

    public static UserErrorException NoEstimate(string spec, long episode, int step, double log) =>
        new(FormattableString.Invariant($"{spec} gives the logged action of episode {episode}, step {step} the log-probability {log}; expected a finite number. A greedy policy is no model of the behavior (leave temperature and greedy out), and an action beyond the bounds that the dataset declares has no density."));

    public static UserErrorException NoSource(string source) =>
        new($"source '{source}': no file of that name, and none that it matches as a glob. Paths are relative to the working folder, {Directory.GetCurrentDirectory()}.");

    public static UserErrorException MixedFormats(string first, SourceFormat format, string other, SourceFormat otherFormat) =>
        new($"source: '{first}' is {Name(format)} and '{other}' is {Name(otherFormat)}; expected files of one format. Import them one after the other, or set format.");

    static string Name(SourceFormat format) => JsonNamingPolicy.SnakeCaseLower.ConvertName(format.ToString());

    public static UserErrorException UnknownFormat(string path, IEnumerable<SourceFormat> known) =>
        new($"{path}: its content is of no format that is known. Set format to one of {string.Join(", ", known.Select(Name))}.");

    public static UserErrorException MapGaps(string file, IReadOnlyList<string> gaps, IReadOnlyList<SourceColumn> columns) =>
        new($"{string.Join('\n', gaps)}\n{file} has the columns {string.Join(", ", columns.Take(50).Select(c => c.Name))}{(columns.Count > 50 ? ", …" : "")}.");

    public static UserErrorException CannotRead(string path, Exception inner) =>
        new($"{path}: cannot be read: {inner.Message}", inner);

    public static UserErrorException NotParquet(string path, long bytes) =>
        new($"{path}: not a whole Parquet file: its {bytes.ToString("N0", CultureInfo.InvariantCulture)} bytes do not begin and end with 'PAR1'. Was a copy cut short? Fetch it again, or leave it out of source.");

    public static UserErrorException NotGzip(string path, Exception inner) =>
        new($"{path}: not a whole gzip file ({inner.Message.TrimEnd('.')}). Fetch it again, or leave it out of source.", inner);

    public static UserErrorException NotUnpacked(string path, Packing packing, Exception inner) => packing == Packing.Gzip
        ? NotGzip(path, inner)
        : new($"{path}: not a whole {(packing == Packing.Zstd ? "Zstandard file" : "zip archive")} ({inner.Message.TrimEnd('.')}). Fetch it again, or leave it out of source.", inner);

    public static UserErrorException NoZstd(string path, Exception inner) =>
        new($"{path}: compressed by Zstandard, whose library, libzstd.so.1, is not there. Install it (Debian: apt-get install libzstd1), or decompress the file.", inner);

    public static UserErrorException NotUtf8(string path, string found) =>
        new($"{path}: found {found}; expected text in UTF-8. Convert it, such as by 'iconv -f UTF-16 -t UTF-8'.");

    public static UserErrorException BrokenRecord(string path, long row, string reason) =>
        new(FormattableString.Invariant($"{path}, row {row}: {reason}. Mend it, set delimiter where it is not the one of the file, or set on_error=reject to leave such rows out."));

    public static UserErrorException NotJson(string path, string start) =>
        new($"{path}: it begins with {start}; expected JSON: objects, one a line or in one array.");

    public static UserErrorException JsonLayouts(string first, string layout, string other, string otherLayout) =>
        new($"source: '{first}' is JSON as {layout.Replace('_', ' ')} and '{other}' as {otherLayout.Replace('_', ' ')}; expected files of one layout. Import them one after the other.");

    public static UserErrorException MissingPath(string file, string key, string name, SourceColumn column) =>
        new($"{file}: {key} names '{name}', and nothing is there: column '{column.Name}' has type {column.Type}. A path is .name into a struct, [0] to an element from 0, [*] through all.");

    public static UserErrorException PartitionsDiffer(string first, IReadOnlyList<string> keys, string other, IReadOnlyList<string> otherKeys) =>
        new($"{other}: lies in partitions by [{string.Join(", ", otherKeys)}]; expected [{string.Join(", ", keys)}], as {first} does.");

    public static UserErrorException SchemasDiffer(string usual, string other, IReadOnlyList<SourceColumn> missing, IReadOnlyList<SourceColumn> more)
    {
        static string List(IReadOnlyList<SourceColumn> columns) => columns.Count == 0 ? "none" : string.Join(", ", columns.Take(10).Select(c => $"{c.Name} {c.Type}"));
        return new($"{other}: its columns are not those of {usual}: it lacks {List(missing)}, and has besides {List(more)}. Import files of different columns one after the other.");
    }

    public static UserErrorException NoBatches(IReadOnlyList<string> paths) =>
        new($"source {string.Join(", ", paths.Take(5))}: no line is a SampleBatch that can be read; expected at least one. Set on_error=stop to see what is wrong with the first one.");

    public static UserErrorException BadLine(string path, long line, string reason, bool always = false) =>
        new(FormattableString.Invariant($"{path}, line {line}: {reason.TrimEnd('.')}.{(always ? "" : " Mend it, or set on_error=reject to leave such lines out.")}"));

    public static UserErrorException NoEvents(IReadOnlyList<string> paths) =>
        new($"source {string.Join(", ", paths.Take(5))}: there are no events that can be taken; expected at least one. Set on_error=stop to see what is wrong with the first one.");

    public static UserErrorException NoImpressions(string path) =>
        new($"{path}: items alone; expected impressions too, such as men.csv beside it.");

    public static UserErrorException ManyValues(string path, string column, int most) =>
        new(FormattableString.Invariant($"{path}: column '{column}' has more than {most} different values; expected a category. Is it another file? Import it with format=csv and a map of its own."));

    public static UserErrorException ItemsDiffer(string path, string other) =>
        new($"{other}: its items are not those of {path}; expected one campaign. Import campaigns one after the other.");

    public static UserErrorException BadItems(string path, string reason) =>
        new($"{path}: {reason}; expected a line an item, item_id from 0 without gaps, and item_feature_0, item_feature_1 and so on.");

    public static UserErrorException EmptyCsv(string path) =>
        new($"{path}: the first line is empty; expected a CSV header with the names of the columns.");

    public static UserErrorException ColumnTwice(string path, string column) =>
        new($"{path}: the header names column '{column}' twice; expected each name once, whatever its case.");

    public static UserErrorException HeadersDiffer(string first, IReadOnlyList<string> names, string other, IReadOnlyList<string> others) =>
        new($"{other}: its header is '{string.Join(',', others)}'; expected '{string.Join(',', names)}' as in {first}. Import files of different columns one after the other.");

    public static UserErrorException MissingColumn(string file, string key, string name, IReadOnlyCollection<string> known) =>
        new($"{file}: there is no column '{name}', which {key} names.{NearestName.Hint(name, known)}");

    public static UserErrorException ColumnType(string file, string key, SourceColumn column, string expected) =>
        new($"{file}: column '{column.Name}', which {key} names, has type {column.Type}; expected {expected}.");

    public static UserErrorException EmptyInfo(string key) => new($"{key} names no column; expected one or more.");

    public static UserErrorException FieldWidth(string file, ImportField field, int expected, string meaning) =>
        new($"{file}: {field.Key} ({string.Join(", ", field.Columns)}) has {field.Width} numbers in the first row; expected {expected}: {meaning}.");

    public static UserErrorException BoundsCount(string key, int found, int expected) =>
        new($"{key} has {found} numbers; expected 1, or {expected}: one for each number.");

    public static UserErrorException EmptyEpisode(string file, string what) =>
        new($"{file}: found {what}; expected at least one step in every episode. Mend the source, or set on_error=reject to leave such episodes out.");

    public static UserErrorException BadRow(string file, long row, string column, string found, string expected) =>
        new(FormattableString.Invariant($"{file}, row {row}, column '{column}': found {found}; expected {expected}. Mend the source, or set on_error=reject to leave the row's episode out."));

    public static UserErrorException NothingImported(IReadOnlyList<string> sources, long rejected) => new(rejected == 0
        ? $"source {string.Join(", ", sources)}: there are no rows; expected at least one."
        : FormattableString.Invariant($"source {string.Join(", ", sources)}: none of the {rejected} rows could be taken. Set on_error=stop to see what is wrong with the first one."));

    /// <summary>DuckDB's complaint about a file, without its advice on options that this tool does not have.</summary>
    public static UserErrorException Unreadable(IReadOnlyList<string> sources, DuckDbException e)
    {
        var csv = CsvError().Match(e.Message);
        if (!csv.Success)
            return new UserErrorException($"source {string.Join(", ", sources)}: cannot be read: {e.Message.Split('\n')[0].TrimEnd('.')}. Is a file damaged, or are the files of different columns?", e);
        var file = CsvFile().Match(e.Message) is { Success: true } m ? m.Groups[1].Value : string.Join(", ", sources);
        var widths = CsvWidths().Match(e.Message) is { Success: true } w
            ? $"found {w.Groups[2].Value} fields; expected {w.Groups[1].Value}, as in the header"
            : "the line is not valid CSV";
        return new UserErrorException($"{file}, line {csv.Groups[1].Value}: {widths}. The line: '{csv.Groups[2].Value.Trim()}'. Mend it, or set delimiter where it is not the one of the file.", e);
    }

    [GeneratedRegex(@"CSV Error on Line: (\d+)\s*\n(?:Original Line:(.*))?")]
    private static partial Regex CsvError();

    [GeneratedRegex(@"file = (.+)")]
    private static partial Regex CsvFile();

    [GeneratedRegex(@"Expected Number of Columns: (\d+) Found: (\d+)")]
    private static partial Regex CsvWidths();
}
