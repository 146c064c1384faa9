namespace OfflineRL.Environments;

/// <summary>The six actions of every pixel game, numbered as MinAtar does; where one has no meaning it does nothing.</summary>
enum PixelAction
{
    None,
    Left,
    Up,
    Right,
    Down,
    Fire,
}
