namespace Dataplane.Api.Client;

/// <summary>What a watch tells of an object.</summary>
public enum WatchEventType
{
    Added,
    Modified,
    Deleted,

    /// <summary>Only a version: everything up to it has been sent.</summary>
    Bookmark,
}

/// <summary>One line of a watch. A bookmark's object has no more than its resource version.</summary>
public readonly record struct WatchEvent<T>(WatchEventType Type, T Object);

/// <summary>Which objects to list.</summary>
public sealed record ListOptions
{
    /// <summary>Null for all namespaces.</summary>
    public string? Namespace { get; init; }

    /// <summary>Query parameter form.</summary>
    public string? LabelSelector { get; init; }

    /// <summary>Query parameter form.</summary>
    public string? FieldSelector { get; init; }

    /// <summary>Null or empty: the newest; <c>0</c>: any; else not older than this.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>At most so many in one answer; null for all.</summary>
    public int? Limit { get; init; }

    /// <summary>The token of the next chunk.</summary>
    public string? Continue { get; init; }
}

/// <summary>What to watch and from where.</summary>
public sealed record WatchOptions
{
    /// <summary>Null for all namespaces.</summary>
    public string? Namespace { get; init; }

    /// <summary>Query parameter form.</summary>
    public string? LabelSelector { get; init; }

    /// <summary>Query parameter form.</summary>
    public string? FieldSelector { get; init; }

    /// <summary>Events after this version.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>Asks the server to end the watch after this time.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Asks for versions while nothing changes, so that a later watch can start near the present.</summary>
    public bool AllowBookmarks { get; init; } = true;
}
