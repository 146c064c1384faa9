using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>A walker on a grid of cells; the state is row * columns + column. An arrow shows the move that was chosen, which the ground may not follow.</summary>
/// <param name="map">A text a row: S start, G goal, H hole, C cliff; anything else is ground.</param>
/// <param name="moves">What each action means, as rows down and columns right.</param>
sealed class GridPainter(IReadOnlyList<string> map, IReadOnlyList<(int Row, int Column)> moves) : IPainter
{
    const int Picture = 288;

    readonly int _cell = Math.Clamp(Picture / Math.Max(map.Count, map[0].Length), 3, 45);

    // The lines between cells and around them; none where cells are too small.
    int Gap => _cell >= 8 ? 1 : 0;

    public (int Width, int Height) Size => ((map[0].Length * _cell) + Gap, (map.Count * _cell) + Gap);

    /// <summary>A square with goals in its last cell, and in its first one where there are two.</summary>
    public static GridPainter Square(int size, bool hasTwoGoals, IReadOnlyList<(int Row, int Column)> moves)
    {
        var rows = Enumerable.Range(0, size).Select(_ => new string('.', size)).ToArray();
        rows[^1] = rows[^1][..^1] + "G";
        rows[0] = (hasTwoGoals ? "G" : ".") + rows[0][1..];
        return new GridPainter(rows, moves);
    }

    public void Paint(Canvas canvas, in PaintedStep step)
    {
        canvas.Clear(Ink.Line);
        for (var row = 0; row < map.Count; row++)
        {
            for (var column = 0; column < map[0].Length; column++)
                canvas.FillRectangle((column * _cell) + Gap, (row * _cell) + Gap, _cell - Gap, _cell - Gap, Ground(map[row][column]));
        }

        var state = (int)step.Observation[0];
        var (x, y) = ((state % map[0].Length * _cell) + (_cell / 2.0), (state / map[0].Length * _cell) + (_cell / 2.0));
        canvas.FillCircle(x, y, Math.Max(1.5, _cell * 0.27), Ink.Dark);
        if (step.Discrete >= 0 && _cell >= 16)
            GridArrow.Draw(canvas, x, y, moves[step.Discrete], _cell);
    }

    static Color Ground(char cell) => cell switch
    {
        'S' => Ink.Pale,
        'G' => Ink.Goal,
        'H' => Ink.Second,
        'C' => Ink.Action,
        _ => Ink.Paper,
    };
}

/// <summary>A short arrow between the middle of a cell and its edge.</summary>
static class GridArrow
{
    public static void Draw(Canvas canvas, double x, double y, (int Row, int Column) move, double cell)
    {
        var (dx, dy, tip, back, half) = (move.Column, move.Row, cell * 0.5, cell * 0.32, cell * 0.15);
        canvas.FillPolygon([(x + (dx * tip), y + (dy * tip)), (x + (dx * back) - (dy * half), y + (dy * back) + (dx * half)), (x + (dx * back) + (dy * half), y + (dy * back) - (dx * half))], Ink.Wood);
    }
}
