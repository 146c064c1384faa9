using System.Text.Json.Nodes;

namespace OfflineRL.Evaluate;

/// <summary>One picture of a figure.</summary>
/// <param name="Title">Shown above it; empty: none.</param>
/// <param name="Description">For those who cannot see it.</param>
/// <param name="Spec">Vega-Lite, without what all plots share (width, configuration).</param>
/// <param name="Verdicts">Shown beside the title.</param>
sealed record Plot(string Title, string Description, JsonObject Spec, params IReadOnlyList<string> Verdicts);

/// <summary>One entry of a figure's legend.</summary>
/// <param name="Name">What it stands for.</param>
/// <param name="Style">How it is drawn; null: the dashed line of a reference.</param>
sealed record PlotKey(string Name, SeriesStyle? Style);

/// <summary>
/// How a series is drawn. Eight colors that color-blind readers tell apart (Okabe and Ito 2008, as the page's style has them for light and
/// dark), and shapes and dashes beside them, so that no reading depends on the color alone.
/// </summary>
readonly record struct SeriesStyle(int Index)
{
    const int Colors = 8;

    static readonly string[] Shapes = ["circle", "square", "triangle-up", "diamond", "triangle-down", "cross"];
    static readonly int[][] Dashes = [[], [7, 3], [2, 3]];

    public string Color => FormattableString.Invariant($"var(--c{Index % Colors})");

    public string Shape => Shapes[Index % Shapes.Length];

    public IReadOnlyList<int> Dash => Dashes[Index / Colors % Dashes.Length];
}
