using OfflineRL.Datasets;
using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels;

/// <summary>Observations in rows and columns, each with its label.</summary>
static class PictureGrid
{
    public const int Margin = 4, Line = 12;

    /// <summary>Draws.</summary>
    /// <param name="painter">Of the observations.</param>
    /// <param name="columns">Labels above.</param>
    /// <param name="rows">From top to bottom, each of at most as many pictures as there are columns.</param>
    public static Canvas Draw(FeaturePainter painter, IReadOnlyList<string> columns, IReadOnlyList<GridRow> rows)
    {
        var (width, height) = painter.Size;
        var left = rows.SelectMany(row => row.Label).Max(line => Canvas.TextWidth(line)) + (2 * Margin);
        var canvas = new Canvas(left + (columns.Count * (width + Margin)), Line + (rows.Count * (height + Margin)));
        canvas.Clear(Color.White);
        for (var i = 0; i < columns.Count; i++)
            canvas.Text(columns[i], left + (i * (width + Margin)), 2, Color.Black);
        for (var r = 0; r < rows.Count; r++)
        {
            var top = Line + (r * (height + Margin));
            for (var i = 0; i < rows[r].Pictures.Count; i++)
                canvas.Draw(painter.Paint(rows[r].Pictures[i]), left + (i * (width + Margin)), top);
            for (var i = 0; i < rows[r].Label.Count; i++)
                canvas.Text(rows[r].Label[i], Margin, top + ((height - (rows[r].Label.Count * Line)) / 2) + (i * Line) + 2, Color.Black);
        }

        return canvas;
    }

    /// <summary>[N, D] on the host; waits for the device.</summary>
    public static float[][] Rows(Tensor values) => [.. values.cpu().contiguous().data<float>().ToArray().Chunk((int)values.size(1))];
}

/// <summary>A row of a <see cref="PictureGrid"/>.</summary>
/// <param name="Label">Lines beside it.</param>
/// <param name="Pictures">Observations as a model reads them, from left to right.</param>
sealed record GridRow(IReadOnlyList<string> Label, IReadOnlyList<float[]> Pictures);
