using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>States that are only numbers: a field of cells, one a state, row by row; the present one is filled and named.</summary>
/// <param name="states">How many there are.</param>
sealed class StatePainter(int states) : IPainter
{
    const int Picture = 180, Caption = 16;

    readonly int _columns = (int)Math.Ceiling(Math.Sqrt(states));

    public (int Width, int Height) Size => (Picture, Field + Caption);

    int Field => (int)Math.Ceiling((double)Picture * ((states + _columns - 1) / _columns) / _columns);

    public void Paint(Canvas canvas, in PaintedStep step)
    {
        canvas.Clear(Ink.Paper);
        var side = (double)Picture / _columns;
        var gap = Math.Min(2, side * 0.15);
        for (var state = 0; state < states; state++)
            Cell(state, Ink.Pale, gap);
        var present = (int)step.Observation[0];
        Cell(present, Ink.Action, side < 8 ? side / 2 - 3 : 0);
        var text = string.Create(CultureInfo.InvariantCulture, $"state {present} (0 to {states - 1})");
        canvas.Text(text, (Picture - Canvas.TextWidth(text)) / 2, Field + 4, Ink.Dark);

        // The present one stays visible where cells are smaller than a few pixels: its gap is negative then.
        void Cell(int state, Color color, double inset) =>
            canvas.FillRectangle((state % _columns * side) + inset, (state / _columns * side) + inset, side - (2 * inset), side - (2 * inset), color);
    }
}
