using System.Globalization;
using System.Text;

namespace Dataplane.ControlPlane.Controllers.Jobs;

/// <summary>Completion indexes as a job's status writes them: <c>1,3-5,7</c>. Immutable.</summary>
internal sealed class IndexSet
{
    public static readonly IndexSet Empty = new([]);

    private readonly List<(int First, int Last)> _ranges;

    private IndexSet(List<(int First, int Last)> ranges)
    {
        _ranges = ranges;
        Count = ranges.Sum(range => range.Last - range.First + 1);
    }

    /// <summary>How many indexes there are.</summary>
    public int Count { get; }

    /// <summary>Reads what is below <paramref name="limit"/>; what is no index is left out.</summary>
    public static IndexSet Parse(string? text, int limit)
    {
        var ranges = new List<(int, int)>();
        foreach (var part in (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var dash = part.IndexOf('-', StringComparison.Ordinal);
            var (low, high) = dash < 0 ? (part, part) : (part[..dash], part[(dash + 1)..]);
            if (Number(low) is { } first && Number(high) is { } last && first < limit && last >= first)
            {
                ranges.Add((first, Math.Min(last, limit - 1)));
            }
        }

        return Merge(ranges);
    }

    public static IndexSet Of(IEnumerable<int> indexes) => Merge(indexes.Select(index => (index, index)));

    public bool Contains(int index) => Find(index) >= 0;

    /// <summary>The indexes of both.</summary>
    public IndexSet Union(IndexSet other) => other.Count == 0 ? this : Count == 0 ? other : Merge(_ranges.Concat(other._ranges));

    /// <summary>How many indexes are in both.</summary>
    public int CountCommon(IndexSet other) => other._ranges.Sum(
        range => _ranges.Sum(own => Math.Max(0, Math.Min(own.Last, range.Last) - Math.Max(own.First, range.First) + 1)));

    /// <summary>A run of two is written as two, longer ones with a dash: upstream's form.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var (first, last) in _ranges)
        {
            text.Append(text.Length > 0 ? "," : "").Append(first.ToString(CultureInfo.InvariantCulture));
            if (last > first)
            {
                text.Append(last == first + 1 ? ',' : '-').Append(last.ToString(CultureInfo.InvariantCulture));
            }
        }

        return text.ToString();
    }

    private static int? Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static IndexSet Merge(IEnumerable<(int First, int Last)> ranges)
    {
        var merged = new List<(int First, int Last)>();
        foreach (var (first, last) in ranges.Order())
        {
            if (merged.Count > 0 && first <= merged[^1].Last + 1)
            {
                merged[^1] = (merged[^1].First, Math.Max(merged[^1].Last, last));
            }
            else
            {
                merged.Add((first, last));
            }
        }

        return merged.Count == 0 && Empty is not null ? Empty : new IndexSet(merged);
    }

    private int Find(int index)
    {
        var (low, high) = (0, _ranges.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (index < _ranges[middle].First)
            {
                high = middle - 1;
            }
            else if (index > _ranges[middle].Last)
            {
                low = middle + 1;
            }
            else
            {
                return middle;
            }
        }

        return -1;
    }
}
