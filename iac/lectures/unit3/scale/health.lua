hs = {status = "Progressing", message = "nothing has been reported yet"}
if obj.status ~= nil and obj.status.phase ~= nil then
  hs.message = obj.status.message or obj.status.phase
  if obj.status.phase == "Ready" then hs.status = "Healthy" end
  if obj.status.phase == "Failed" then hs.status = "Degraded" end
end
return hs
