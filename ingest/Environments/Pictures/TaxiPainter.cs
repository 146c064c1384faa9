using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>
/// The town: stands in their colors, walls, the destination framed, the passenger as a dot at a stand or in the taxi, and the action: an arrow,
/// or a ring for picking up and dropping off.
/// </summary>
/// <param name="stands">Cells of red, green, yellow and blue.</param>
/// <param name="wallsEast">Cells that have a wall on their right.</param>
/// <param name="moves">What the first four actions mean, as rows down and columns right.</param>
sealed class TaxiPainter(IReadOnlyList<(int Row, int Column)> stands, IReadOnlyCollection<(int Row, int Column)> wallsEast, IReadOnlyList<(int Row, int Column)> moves) : IPainter
{
    const int Side = 5, Cell = 40, InTaxi = 4;

    static readonly Color[] Stands = [Color.Of(0xD9938C), Color.Of(0x93C79B), Color.Of(0xE6D68A), Color.Of(0x94B3D6)];
    static readonly Color Cab = Color.Of(0xF2B705);

    public (int Width, int Height) Size => (Side * Cell, Side * Cell);

    public void Paint(Canvas canvas, in PaintedStep step)
    {
        var state = (int)step.Observation[0];
        var (row, column, passenger, destination) = (state / 100, state / 20 % Side, state / 4 % 5, state % 4);
        canvas.Clear(Ink.Pale);
        for (var cell = 0; cell < Side * Side; cell++)
            canvas.FillRectangle((cell % Side * Cell) + 1, (cell / Side * Cell) + 1, Cell - 2, Cell - 2, Ink.Paper);
        for (var stand = 0; stand < stands.Count; stand++)
            canvas.FillRectangle((stands[stand].Column * Cell) + 1, (stands[stand].Row * Cell) + 1, Cell - 2, Cell - 2, Stands[stand]);
        Frame(canvas, stands[destination]);
        foreach (var wall in wallsEast)
            canvas.FillRectangle(((wall.Column + 1) * Cell) - 2, wall.Row * Cell, 4, Cell, Ink.Dark);

        var (x, y) = ((column + 0.5) * Cell, (row + 0.5) * Cell);
        canvas.FillRectangle(x - 12, y - 9, 24, 18, Cab);
        canvas.FillCircle(x - 7, y + 9, 3.5, Ink.Dark);
        canvas.FillCircle(x + 7, y + 9, 3.5, Ink.Dark);
        var (px, py) = passenger == InTaxi ? (x, y - 2) : ((stands[passenger].Column + 0.5) * Cell, (stands[passenger].Row * Cell) + 10.0);
        canvas.FillCircle(px, py, 6, Ink.Dark);
        if (step.Discrete >= 0 && step.Discrete < moves.Count)
            GridArrow.Draw(canvas, x, y, moves[step.Discrete], Cell);
        else if (step.Discrete >= moves.Count)
            Ring(canvas, px, py);
    }

    static void Frame(Canvas canvas, (int Row, int Column) cell)
    {
        var (x, y) = (cell.Column * Cell, cell.Row * Cell);
        canvas.FillRectangle(x, y, Cell, 4, Ink.Goal);
        canvas.FillRectangle(x, y + Cell - 4, Cell, 4, Ink.Goal);
        canvas.FillRectangle(x, y, 4, Cell, Ink.Goal);
        canvas.FillRectangle(x + Cell - 4, y, 4, Cell, Ink.Goal);
    }

    static void Ring(Canvas canvas, double x, double y)
    {
        for (var i = 0; i < 24; i++)
        {
            var (sin, cos) = Math.SinCos(2 * Math.PI * i / 24);
            canvas.FillCircle(x + (10 * cos), y + (10 * sin), 1.5, Ink.Action);
        }
    }
}
