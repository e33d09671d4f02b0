namespace Dataplane.Dns.Configuration;

/// <summary>
/// <c>errors [stdout] { consolidate DURATION PATTERN [LEVEL] [show_first]; stacktrace }</c>. What goes wrong in the server is always told, and
/// never by the query: questions that fail are counted. So there is nothing to consolidate; what is written is checked all the same.
/// </summary>
internal static class ErrorsReader
{
    private const string Plugin = "errors";

    internal static void Check(CorefileDirective directive)
    {
        if (directive.Arguments is not ([] or [{ Text: "stdout" }]))
        {
            throw directive.Arguments.Count > 1 ? directive.ArgumentError() : directive.Error($"invalid log file: {directive.Arguments[0].Text}");
        }

        foreach (var property in directive.Properties())
        {
            switch (property.Name.Text)
            {
                case "stacktrace":
                    break;
                case "consolidate" when property.Arguments.Count is 2 or 3 or 4:
                    property.Duration(Plugin, 0);
                    property.Pattern(Plugin, property.Arguments[1].Text);
                    if (property.Texts(2).FirstOrDefault(word => word is not ("warning" or "error" or "info" or "debug" or "show_first")) is { } level)
                    {
                        throw property.Error($"unknown log level argument in consolidate: {level}", Plugin);
                    }

                    break;
                case "consolidate":
                    throw property.ArgumentError(Plugin);
                default:
                    throw property.Error($"Unknown field {property.Name.Text}", Plugin);
            }
        }
    }
}
