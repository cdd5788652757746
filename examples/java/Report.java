import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.util.UUID;

/**
 * Reports to Weir from Java 17, over HTTP by the JDK alone, or by SQL with the JDBC driver; triggers announce what is written so.
 *
 *   WEIR_URL=http://127.0.0.1:4000 java Report.java /logs/a.log PARSED
 *   DATABASE_URL=jdbc:postgresql://… java -cp postgresql.jar Report.java /logs/a.log parsed */
class Report {
  private static final String RECORD = "mutation ($input: FileStatusInput!, $key: String) {"
      + " recordFileStatus(input: $input, idempotencyKey: $key) { id filePath status } }";

  public static void main(String[] args) throws Exception {
    String database = System.getenv("DATABASE_URL");
    System.out.println(database == null ? byHttp(args[0], args[1]) : bySql(database, args[0], args[1]));
  }

  /** Tries again what may pass: the key sees to it that the report is stored once. */
  static String byHttp(String path, String status) throws Exception {
    String url = System.getenv().getOrDefault("WEIR_URL", "http://127.0.0.1:4000").replaceFirst("/graphql$", "");
    String body = "{\"query\":%s,\"variables\":{\"key\":\"%s\",\"input\":{\"filePath\":%s,\"type\":\"LOG\",\"status\":\"%s\"}}}"
        .formatted(quoted(RECORD), UUID.randomUUID(), quoted(path), status);
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + "/graphql")).timeout(Duration.ofSeconds(30))
        .header("content-type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body));
    String token = System.getenv("WEIR_TOKEN");
    if (token != null) request.header("authorization", "Bearer " + token);
    HttpClient client = HttpClient.newHttpClient();
    for (int attempt = 1;; attempt++) {
      try {
        String answer = client.send(request.build(), HttpResponse.BodyHandlers.ofString()).body();
        if (!answer.contains("\"errors\"")) return answer;
        if (!answer.contains("\"UNAVAILABLE\"") || attempt == 6) throw new IllegalStateException(answer);
      } catch (java.io.IOException lost) {
        if (attempt == 6) throw lost;
      }
      Thread.sleep(200L << attempt);
    }
  }

  static String bySql(String database, String path, String status) throws Exception {
    String insert = "INSERT INTO ingest.file_statuses (file_path, type, status) VALUES (?, 'Log', ?)";
    try (Connection connection = DriverManager.getConnection(database); PreparedStatement statement = connection.prepareStatement(insert)) {
      statement.setString(1, path);
      statement.setString(2, status);
      return statement.executeUpdate() + " row";
    }
  }

  /** As JSON. A program of more than an example takes Jackson for it. */
  static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
  }
}
