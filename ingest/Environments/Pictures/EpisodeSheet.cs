using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>Frames with their captions on one picture: a title above, frames from left to right, and below each what it shows.</summary>
sealed class EpisodeSheet
{
    const int Gap = 8, LineHeight = 11, MostPixels = 1600;

    // Room for the captions of small frames.
    const int LeastColumn = 140;

    static readonly Color Paper = Color.White;
    static readonly Color Ink = Color.Of(0x1F2933);

    readonly (int Width, int Height) _frame;
    readonly int _columns, _titleLines;
    readonly Canvas _picture;
    readonly Canvas _one;

    /// <param name="title">Above the frames; broken into lines where it is too long.</param>
    /// <param name="frame">Pixels of a frame.</param>
    /// <param name="frames">How many there will be.</param>
    public EpisodeSheet(string title, (int Width, int Height) frame, int frames)
    {
        _frame = frame;
        // As few rows as there is room for, and those as even as they can be.
        var most = Math.Max(1, MostPixels / (ColumnWidth + Gap));
        var rows = (frames + most - 1) / most;
        _columns = (frames + rows - 1) / rows;
        var width = (_columns * (ColumnWidth + Gap)) + Gap;
        var letters = Math.Max(8, (width - (2 * Gap) + 1) / Canvas.TextWidth("xx") * 2);
        var lines = Lines(title, letters);
        _titleLines = lines.Count;
        _picture = new Canvas(width, (rows * CellHeight) + Top);
        _one = new Canvas(frame.Width, frame.Height);
        _picture.Clear(Paper);
        for (var i = 0; i < lines.Count; i++)
            _picture.Text(lines[i], Gap, Gap + (i * LineHeight), Ink);
    }

    public Canvas Picture => _picture;

    // Broken between words; inside of one where it is longer than a line.
    static List<string> Lines(string text, int letters)
    {
        var lines = new List<string>();
        for (var rest = text.Trim(); rest.Length > 0;)
        {
            var blank = rest.Length <= letters ? rest.Length : rest.LastIndexOf(' ', letters);
            var end = blank > 0 ? blank : letters;
            lines.Add(rest[..end].TrimEnd());
            rest = rest[end..].TrimStart();
        }

        return lines;
    }

    int Top => (_titleLines * LineHeight) + (2 * Gap);

    int ColumnWidth => Math.Max(LeastColumn, _frame.Width);

    int CellHeight => _frame.Height + (2 * LineHeight) + Gap + 4;

    /// <summary>Draws a frame into a place, over what was there.</summary>
    public void Put(int place, in EpisodeFrame frame)
    {
        var (left, top) = (Gap + (place % _columns * (ColumnWidth + Gap)), Top + (place / _columns * CellHeight));
        _picture.FillRectangle(left, top + _frame.Height, ColumnWidth, CellHeight - _frame.Height, Paper);
        _one.Clear(Color.Black);
        frame.Paint(_one);
        _picture.Draw(_one, left, top);
        var caption = frame.Caption;
        for (var i = 0; i < caption.Count; i++)
            _picture.Text(caption[i], left, top + _frame.Height + 4 + (i * LineHeight), Ink);
    }
}
