using System.Text;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Http;
using Microsoft.AspNetCore.Http;

namespace Dataplane.ControlPlane.Machinery.Health;

/// <summary>
/// Answers of /healthz, /livez and /readyz: all checks, with ?verbose one line each, without those of ?exclude, or one by its path.
/// </summary>
internal static class HealthResponse
{
    public static Task WriteAsync(HttpContext http, HealthChecks health, string path)
    {
        var segments = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var checks = health.All.Where(check => segments[0] == "readyz" || !check.OnlyReady).ToArray();
        return segments switch
        {
            [_] => WriteAllAsync(http, segments[0], checks),
            [_, var name] when checks.FirstOrDefault(check => check.Name == name) is { } check => WriteOneAsync(http, check),
            _ => throw StatusException.PageNotFound(),
        };
    }

    private static Task WriteOneAsync(HttpContext http, HealthCheck check) => check.Problem() is { } problem
        ? ResponseWriter.WriteTextAsync(http, $"internal server error: {problem}\n", 500)
        : ResponseWriter.WriteTextAsync(http, "ok");

    private static Task WriteAllAsync(HttpContext http, string name, IReadOnlyList<HealthCheck> checks)
    {
        var excluded = http.Request.Query["exclude"].Select(check => check ?? "").ToHashSet();
        var lines = new StringBuilder();
        var failed = false;
        foreach (var check in checks)
        {
            if (excluded.Remove(check.Name))
            {
                lines.Append($"[+]{check.Name} excluded: ok\n");
            }
            else if (check.Problem() is null)
            {
                lines.Append($"[+]{check.Name} ok\n");
            }
            else
            {
                // Whoever may not see more learns that much only.
                failed = true;
                lines.Append($"[-]{check.Name} failed: reason withheld\n");
            }
        }

        if (excluded.Count > 0)
        {
            var unknown = string.Join(",", excluded.Order(StringComparer.Ordinal).Select(check => $"\"{check}\""));
            lines.Append($"warn: some health checks cannot be excluded: no matches for {unknown}\n");
        }

        if (failed)
        {
            return ResponseWriter.WriteTextAsync(http, $"{lines}{name} check failed\n", 500);
        }

        return ResponseWriter.WriteTextAsync(http, http.Request.Query.ContainsKey("verbose") ? $"{lines}{name} check passed\n" : "ok");
    }
}
