using System.Globalization;

namespace Dataplane.ControlPlane.Machinery.Cel;

/// <summary>What is wrong with an expression, shown the way cel-go shows it: the place, the line and a mark below it.</summary>
internal sealed class CelIssues(string source)
{
    private readonly List<(int Position, string Message)> _found = [];

    public bool IsEmpty => _found.Count == 0;

    /// <param name="position">Index into the source.</param>
    /// <param name="message">What is wrong there.</param>
    public void Add(int position, string message)
    {
        if (!_found.Contains((position, message)))
        {
            _found.Add((position, message));
        }
    }

    public override string ToString() => string.Join('\n', _found.OrderBy(issue => issue.Position).Select(Format));

    private string Format((int Position, string Message) issue)
    {
        var position = Math.Min(issue.Position, source.Length);
        var start = position == 0 ? 0 : source.LastIndexOf('\n', position - 1) + 1;
        var end = source.IndexOf('\n', position);
        var number = source.AsSpan(0, position).Count('\n') + 1;
        var line = source[start..(end < 0 ? source.Length : end)];
        return string.Create(
            CultureInfo.InvariantCulture,
            $"ERROR: <input>:{number}:{position - start + 1}: {issue.Message}\n | {line}\n | {new string('.', position - start)}^");
    }
}
