using System.Globalization;
using System.Text.RegularExpressions;

namespace Dataplane.ControlPlane.CustomResources.Definitions;

/// <summary>
/// The order of API versions: v2 over v1 over v1beta2 over v1alpha1 over anything else, which goes by the alphabet. Source:
/// apimachinery's util/version.
/// </summary>
internal sealed partial class VersionOrder : IComparer<string>
{
    public static readonly VersionOrder Instance = new();

    public int Compare(string? x, string? y)
    {
        var (left, right) = (Pattern().Match(x ?? ""), Pattern().Match(y ?? ""));
        if (!left.Success || !right.Success)
        {
            return left.Success == right.Success ? string.CompareOrdinal(y, x) : left.Success ? 1 : -1;
        }

        return Key(left).CompareTo(Key(right));
    }

    private static (int Stability, int Major, int Minor) Key(Match match) => (
        match.Groups[2].Value switch { "" => 2, "beta" => 1, _ => 0 },
        int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture),
        match.Groups[3].Value.Length == 0 ? 0 : int.Parse(match.Groups[3].Value, CultureInfo.InvariantCulture));

    [GeneratedRegex(@"^v([1-9]\d{0,8})(?:(alpha|beta)([1-9]\d{0,8}))?\z")]
    private static partial Regex Pattern();
}
