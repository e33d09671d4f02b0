using System.Globalization;
using System.Text;

namespace Dataplane.Api.Client;

/// <summary>The query string of lists and watches.</summary>
internal static class ListQuery
{
    public static string Of(ListOptions? options)
    {
        if (options is null)
        {
            return "";
        }

        var query = new StringBuilder();
        Add(query, "labelSelector", options.LabelSelector);
        Add(query, "fieldSelector", options.FieldSelector);
        Add(query, "resourceVersion", options.ResourceVersion);
        Add(query, "limit", options.Limit?.ToString(CultureInfo.InvariantCulture));
        Add(query, "continue", options.Continue);
        return query.ToString();
    }

    public static string Of(WatchOptions options)
    {
        var query = new StringBuilder("?watch=true");
        Add(query, "allowWatchBookmarks", options.AllowBookmarks ? "true" : null);
        Add(query, "labelSelector", options.LabelSelector);
        Add(query, "fieldSelector", options.FieldSelector);
        Add(query, "resourceVersion", options.ResourceVersion);
        Add(query, "timeoutSeconds", options.Timeout is { } timeout ? ((int)timeout.TotalSeconds).ToString(CultureInfo.InvariantCulture) : null);
        return query.ToString();
    }

    private static void Add(StringBuilder query, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            query.Append(query.Length == 0 ? '?' : '&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
        }
    }
}
